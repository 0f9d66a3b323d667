import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { onNode } from './on-node.ts';
import { appendOne, type StartOptions, signToken, startGateway, storyOf, type TestGateway } from './test-gateway.ts';
import { watchTransport } from './watched-transport.ts';

const CHANNEL = 'channel/long';
const PIECE_BYTES = 65_536;
const ENTRY_BYTES = 262_144;
const PING = 9;
const PONG = 10;

/** A gateway on a Unix socket: its kernel buffers are small, so that a reader is slow as soon as it pauses. */
async function startNearKernel(options: StartOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return await startGateway({ listenPath: join(folder, 'socket'), ...options });
}

async function fill({ broker }: TestGateway, count: number, bytes: number, first = 1): Promise<void> {
  for (let n = first; n < first + count; n++) {
    await appendOne(broker, CHANNEL, `{"n":${n},"x":"${'x'.repeat(bytes - 40)}"}`, `key ${n}`);
  }
}

onNode('6 MB reach a slow reader whole and in order, with little unsent, and hold up nobody', async () => {
  const gateway = await startNearKernel();
  const count = 600;
  await fill(gateway, count, 10_000);
  const slow = await gateway.connect('ada', {}, { logs: [CHANNEL] });
  const watched = watchTransport(gateway.transports[0] as Socket);
  slow.send(JSON.stringify({ id: 'SUBSCRIBE', data: { logs: { [CHANNEL]: 'start' } } }));
  slow.pause();
  await until(() => gateway.transports[0]?.writableNeedDrain, 'the slow one to be full');

  const fast = await gateway.connect('bob', { [CHANNEL]: 'start' }, { logs: [CHANNEL] });
  await until(() => storyOf(fast, CHANNEL).length === count + 1, 'the fast one to have all');
  for (let n = count + 1; n <= count + 20; n++) {
    await fill(gateway, 1, 10_000, n);
    await fast.text((text) => text.includes(`"n":${n},`), `entry ${n}`);
    await slow.readSome(PIECE_BYTES);
  }
  expect(gateway.transports[0]?.writableNeedDrain).toBe(true);
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === count + 21, 'the slow one to have all');
  const told = storyOf(slow, CHANNEL).map((line) => line.split(' ').slice(0, 2).join(' '));
  expect(told.filter((line) => line.startsWith('entry'))).toEqual(
    Array.from({ length: count + 20 }, (_, i) => `entry ${i + 1}`),
  );
  expect(told.filter((line) => !line.startsWith('entry'))).toHaveLength(1);
  expect(watched.maxUnsentBytes).toBeLessThan(350_000);
});

onNode('of the largest entries no more than one write is unsent', async () => {
  const gateway = await startNearKernel();
  await fill(gateway, 24, ENTRY_BYTES);
  const slow = await gateway.connect('ada', {}, { logs: [CHANNEL] });
  const watched = watchTransport(gateway.transports[0] as Socket);
  slow.send(JSON.stringify({ id: 'SUBSCRIBE', data: { logs: { [CHANNEL]: 'start' } } }));
  for (let i = 0; i < 80; i++) await slow.readSome(PIECE_BYTES);
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === 25, 'all');
  expect(watched.maxUnsentBytes).toBeLessThan(350_000);
});

onNode('a reader that reads all the time is never cut, however slowly it reads', async () => {
  const time = createFakeTime();
  const gateway = await startNearKernel({ clock: time.clock, silenceTimeoutMs: 1_000_000 });
  await fill(gateway, 4, ENTRY_BYTES);
  const slow = await gateway.connect('ada', {}, { logs: [CHANNEL] });
  const transport = gateway.transports[0] as Socket;
  slow.send(JSON.stringify({ id: 'SUBSCRIBE', data: { logs: { [CHANNEL]: 'start' } } }));
  slow.pause();
  await until(() => transport.writableNeedDrain, 'the kernel to be full');
  // 7 kB a second: a whole frame takes 37 s. The kernel takes more of it when three quarters of its own buffer are free.
  for (let piece = 0; piece < 12; piece++) {
    await slow.readSome(PIECE_BYTES);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    time.advance(9_400);
    expect(gateway.events.filter(({ type }) => type === 'connection-closed')).toEqual([]);
  }
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === 5, 'all');
});

onNode('what the WebSocket library writes comes between frames, not into one', async () => {
  const gateway = await startNearKernel();
  await fill(gateway, 4, ENTRY_BYTES);
  const slow = await gateway.connect('ada', {}, { logs: [CHANNEL] });
  slow.send(JSON.stringify({ id: 'SUBSCRIBE', data: { logs: { [CHANNEL]: 'start' } } }));
  for (let i = 0; i < 10; i++) {
    slow.sendFrame(`ping ${i}`, { opcode: PING });
    await slow.readSome(PIECE_BYTES);
  }
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === 5, 'all');
  await until(() => slow.frames.filter(({ opcode }) => opcode === PONG).length === 10, 'all answers');
});

onNode('a reader that falls behind while live is told nothing of it and misses nothing', async () => {
  const gateway = await startNearKernel();
  const slow = await gateway.connect('ada', { [CHANNEL]: 'start' }, { logs: [CHANNEL] });
  await until(() => storyOf(slow, CHANNEL).length === 1, 'LIVE');
  const watched = watchTransport(gateway.transports[0] as Socket);
  slow.pause();
  await fill(gateway, 900, 10_000); // 9 MB, more than a ring keeps of one log
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === 901, 'all');
  const told = storyOf(slow, CHANNEL).map((line) => line.split(' ')[1]);
  expect(told.slice(1)).toEqual(Array.from({ length: 900 }, (_, i) => String(i + 1)));
  expect(watched.maxUnsentBytes).toBeLessThan(350_000);
});

onNode('a long history of one log does not hold up the others of the same connection', async () => {
  const gateway = await startNearKernel();
  await fill(gateway, 400, 10_000);
  const slow = await gateway.open();
  slow.send(
    JSON.stringify({
      id: 'AUTH',
      data: { token: await signToken({ logs: [CHANNEL] }), logs: { [CHANNEL]: 'start' } },
    }),
  );
  slow.pause();
  await until(() => gateway.transports[0]?.writableNeedDrain, 'the slow one to be full');
  await appendOne(gateway.broker, 'user/ada', '{"n":1}');
  slow.resume();
  await until(() => storyOf(slow, CHANNEL).length === 401, 'all');
  const place = slow.texts.findIndex((text) => text.includes('"log":"user/ada"') && text.includes('"said"'));
  expect(place).toBeLessThan(150);
});

onNode('200 readers that never read cost the gateway a bounded memory', async () => {
  const gateway = await startNearKernel();
  await fill(gateway, 200, 10_000);
  for (let i = 0; i < 200; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, j) => {
        const socket = await gateway.connect(`user${i + j}`, {}, { logs: [CHANNEL] });
        socket.pause();
        socket.send(JSON.stringify({ id: 'SUBSCRIBE', data: { logs: { [CHANNEL]: 'start' } } }));
      }),
    );
  }
  await until(() => gateway.transports.every((transport) => transport.writableNeedDrain), 'all to be full');
  const unsent = gateway.transports.map((transport) => transport.writableLength);
  expect(Math.max(...unsent)).toBeLessThan(350_000);
  const text = await (await gateway.get('metrics')).text();
  const ringBytes = Number(/^message_flow_ring_bytes (\d+)$/m.exec(text)?.[1]);
  expect(ringBytes).toBeLessThan(16 * 1_048_576);
});
