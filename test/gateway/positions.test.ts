import { createMemoryBroker } from 'message-flow/broker';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { CHANNEL, ROWS, type Situation } from './position-rows.ts';
import type { RawSocket } from './raw-socket.ts';
import { append, appendOne, signToken, startGateway, storyOf, type TestGateway, topOf } from './test-gateway.ts';

const HOUR_MS = 3_600_000;

describe('in a log that nobody follows yet', () => {
  for (const [claim, row] of Object.entries(ROWS)) test(claim, () => follow(row, async () => {}));
});

describe('in a log that another follows from its end', () => {
  for (const [claim, row] of Object.entries(ROWS)) {
    test(claim, () =>
      follow(row, async ({ connect, broker }, log) => {
        const other = await connect('ada', { [log]: await topOf(broker, log) }, { logs: [CHANNEL] });
        await liveOn(other, log);
      }),
    );
  }
});

describe('in a log whose followers all left', () => {
  for (const [claim, row] of Object.entries(ROWS)) {
    test(claim, () =>
      follow(row, async ({ connect, broker, gateway }, log) => {
        const other = await connect('ada', { [log]: await topOf(broker, log) }, { logs: [CHANNEL] });
        await liveOn(other, log);
        other.destroy();
        await until(() => gateway.connectionCount === 0, 'the other to leave');
      }),
    );
  }
});

/** Puts a log into a situation, follows it, and adds one entry more, so that what is told too much is seen. */
async function follow(
  { log = CHANNEL, appended, kept, from, told }: Situation,
  prepare: (gateway: TestGateway, log: string) => Promise<void>,
): Promise<void> {
  let now = Date.now();
  const bounds = { maxAgeMs: HOUR_MS, ...(kept ? { maxEntries: kept } : {}) };
  const broker = createMemoryBroker({ messages: bounds, runs: bounds, wallClock: () => now });
  const started = await startGateway({ broker });
  const at = await append(broker, log, appended);
  if (kept === 0) now += HOUR_MS;
  const top = await topOf(broker, log);
  await prepare(started, log);
  const socket = await started.connect('ada', { [log]: from(at, top) }, { logs: [CHANNEL] });
  await liveOn(socket, log);
  const last = await appendOne(broker, log, '{"n":99}');
  const expected = [...told(at, top), `entry 99 ${last}`];
  await until(() => storyOf(socket, log).includes(`entry 99 ${last}`), 'the last entry');
  expect(storyOf(socket, log)).toEqual(expected);
}

describe('without a position', () => {
  test('a bare token follows its two logs from their tops', async () => {
    const { open, broker } = await startGateway();
    await append(broker, 'user/ada', 3);
    await append(broker, 'everyone', 2);
    const socket = await open();
    socket.send(await signToken());
    await liveOn(socket, 'user/ada');
    await liveOn(socket, 'everyone');
    expect(storyOf(socket, 'user/ada')).toEqual([`LIVE ${await topOf(broker, 'user/ada')}`]);
    expect(storyOf(socket, 'everyone')).toEqual([`LIVE ${await topOf(broker, 'everyone')}`]);
  });

  test('AUTH that names one of its two logs resumes it and takes the other from its top', async () => {
    const { connect, broker } = await startGateway();
    const at = await append(broker, 'everyone', 3);
    await append(broker, 'user/ada', 3);
    const socket = await connect('ada', { everyone: at[1] as string });
    await liveOn(socket, 'user/ada');
    await liveOn(socket, 'everyone');
    expect(storyOf(socket, 'everyone')).toEqual([`entry 3 ${at[2]}`, `LIVE ${at[2]}`]);
    expect(storyOf(socket, 'user/ada')).toEqual([`LIVE ${await topOf(broker, 'user/ada')}`]);
  });
});

async function liveOn(socket: RawSocket, log: string): Promise<void> {
  await until(() => storyOf(socket, log).some((told) => told.startsWith('LIVE')), `LIVE on ${log}`);
}
