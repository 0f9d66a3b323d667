import { expect, test } from 'vitest';
import { createGate } from '../../../src/broker/nats/gate.ts';
import { nextTurn } from '../../support/until.ts';

/** Work that ends when it is told to. */
function createWork() {
  const ends: (() => void)[] = [];
  const started: number[] = [];
  return {
    started,
    work: (name: number) => () => {
      started.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
    endOne: () => ends.shift()?.(),
  };
}

test('a gate runs 256 at once, and the others in their order', async () => {
  const gate = createGate();
  const { started, work, endOne } = createWork();
  for (let i = 0; i < 300; i++) void gate.run(1, work(i));
  await nextTurn();
  expect(started.length).toBe(256);
  for (let i = 0; i < 10; i++) endOne();
  await nextTurn();
  expect(started.slice(256)).toEqual(Array.from({ length: 10 }, (_, i) => 256 + i));
});

test('a gate lets no more than 64 MiB wait', async () => {
  const gate = createGate();
  const { work } = createWork();
  for (let i = 0; i < 256; i++) void gate.run(0, work(i));
  for (let i = 0; i < 256; i++) void gate.run(262_144, work(i));
  await expect(gate.run(1, work(0))).rejects.toMatchObject({ code: 'unavailable' });
});

test('a gate lets no more than 20,000 wait, however small', async () => {
  const gate = createGate();
  const { work } = createWork();
  for (let i = 0; i < 256 + 20_000; i++) void gate.run(0, work(i));
  await expect(gate.run(0, work(0))).rejects.toMatchObject({ code: 'unavailable' });
});

test('work that failed leaves its place to the next', async () => {
  const gate = createGate();
  for (let i = 0; i < 1_000; i++) await gate.run(1, () => Promise.reject(new Error('no'))).catch(() => {});
  expect(await gate.run(1, async () => 'yes')).toBe('yes');
});
