import { userLog } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { createGate } from '../../../src/broker/nats/gate.ts';
import { createJetStreamApi } from '../../../src/broker/nats/jetstream-api.ts';
import { loadNats } from '../../../src/broker/nats/load-nats.ts';
import { pullMessages } from '../../../src/broker/nats/pull.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { openLoneBroker, TIMEOUT_MS } from './open-nats-broker.ts';

test(
  'a pull whose connection ends once its consumer was made rejects with `unavailable`, and leaves no timer',
  async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const { prefix, say } = openLoneBroker(server);
    await say(userLog('ada'), 'a');
    const nats = loadNats();
    const [connection, ended] = await Promise.all(
      [1, 2].map(() => nats.connect({ servers: `127.0.0.1:${server.port}` })),
    );
    if (!connection || !ended) throw new Error('not connected');
    await ended.close();
    const clock = createFakeClock();
    const api = createJetStreamApi(nats, connection, { clock, gate: createGate(), inboxPrefix: 'inbox' });
    const pulled = pullMessages({ ...api, connection: ended }, `${prefix}-messages`, '>', 1, { limit: 1, to: 1 });
    await expect(pulled).rejects.toMatchObject({ name: 'BrokerError', code: 'unavailable' });
    expect(clock.timerCount).toBe(0);
    await connection.close();
  },
  TIMEOUT_MS,
);
