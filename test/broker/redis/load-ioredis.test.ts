import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerProgram, createBrokerProgram } from '../../support/broker-program.ts';

let program: BrokerProgram;
beforeAll(async () => {
  program = await createBrokerProgram();
}, 120_000);
afterAll(() => program.remove());

const PRINT = "try { make(); console.log('made'); } catch (e) { console.log(e.name, e.code, e.message); }";

test('a broker on Redis, where its driver is not installed, says what to install', async () => {
  expect(await program.run(`const make = () => createBroker('redis://localhost'); ${PRINT}`)).toBe(
    'BrokerError refused Cannot use Redis: the package "ioredis" is not installed: npm install ioredis@6\n',
  );
}, 120_000);

test('the driver is not loaded for another broker', async () => {
  expect(await program.run(`const make = () => createBroker('memory:', { single: true }); ${PRINT}`)).toBe('made\n');
}, 120_000);
