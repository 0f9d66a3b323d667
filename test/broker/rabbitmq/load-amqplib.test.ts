import { expect, test } from 'vitest';
import { createBrokerProgram } from '../../support/broker-program.ts';

test('a broker on RabbitMQ, where its driver is not installed, says what to install', async () => {
  const program = await createBrokerProgram();
  const statements = "try { createBroker('amqp://localhost'); } catch (e) { console.log(e.name, e.code, e.message); }";
  const printed = await program.run(statements);
  program.remove();
  expect(printed).toBe(
    'BrokerError refused Cannot use RabbitMQ: the package "amqplib" is not installed: npm install amqplib@2\n',
  );
}, 60_000);
