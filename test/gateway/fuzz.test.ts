import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { onNode } from './on-node.ts';
import { type FrameShape, layFrame, type RawSocket } from './raw-socket.ts';
import { appendOne, signToken, startGateway } from './test-gateway.ts';

const STREAMS = 2_000;
const AT_ONCE = 50;

/** A small generator, so that a seed that failed fails again. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes as a broken or hostile client may send them: noise, frames that are nearly right, frames cut short. */
function createStream(random: (below: number) => number, token: string): Buffer {
  const parts: Buffer[] = [];
  const texts = [
    '<3',
    '',
    '{',
    '{}',
    token,
    '{"id":"AUTH","data":{"token":"x"}}',
    `{"id":"AUTH","data":{"token":"${token}"}}`,
  ];
  for (let i = 1 + random(6); i > 0; i--) {
    const shape: FrameShape = {
      opcode: random(16),
      isFinal: random(4) > 0,
      isMasked: random(8) > 0,
      reserved: random(6) === 0 ? random(8) : 0,
    };
    const payload = random(3) === 0 ? randomBytes(random(300)) : Buffer.from(texts[random(texts.length)] as string);
    const frame = layFrame(payload, random(3) === 0 ? { opcode: [0, 1, 8, 9, 10][random(5)] as number } : shape);
    const spoilt = Buffer.from(frame);
    if (random(4) === 0) spoilt[random(spoilt.length)] = random(256);
    parts.push(
      random(8) === 0
        ? randomBytes(1 + random(40))
        : spoilt.subarray(0, random(6) ? spoilt.length : random(spoilt.length)),
    );
  }
  return Buffer.concat(parts);
}

test('2,000 random byte streams crash nothing, leave nothing, and a good connection keeps working', async () => {
  const { open, connect, broker, gateway, events } = await startGateway({ maxConnectionsPerUser: 10_000 });
  const good = await connect('good');
  const token = await signToken({ sub: 'bad' });
  const random = createRandom(20_16);
  for (let i = 0; i < STREAMS; i += AT_ONCE) {
    const sockets: RawSocket[] = await Promise.all(Array.from({ length: AT_ONCE }, () => open()));
    for (const socket of sockets) {
      socket.isPolite = random(2) === 0;
      socket.write(createStream(random, token));
    }
    await appendOne(broker, 'user/good', `{"n":${i}}`);
    await good.text((text) => text.includes(`{"n":${i}}`), `message ${i}`);
    for (const socket of sockets) socket.destroy();
  }
  await until(() => gateway.connectionCount === 1, 'all others to be gone');
  expect(events.filter(({ type }) => type === 'fault')).toEqual([]);
  expect(good.closeCode).toBeUndefined();
}, 60_000);

test.each([
  ['a reserved bit', { reserved: 4 }],
  ['no mask', { isMasked: false }],
  ['an opcode that nobody knows', { opcode: 3 }],
  ['a control frame that is not final', { opcode: 9, isFinal: false }],
  ['a continuation of nothing', { opcode: 0 }],
] as const)('a frame with %s ends its connection and no other', async (_, shape) => {
  const { open, connect } = await startGateway();
  const good = await connect('ada');
  const bad = await open();
  bad.sendFrame('x', shape);
  expect(await bad.closed()).toBe(1002); // RFC 6455, 7.4.1
  await bad.ended();
  good.send('<3');
  await good.text((text) => text === '<3', 'the heartbeat');
});

onNode('a flood of pings that nobody reads the answers of is ended, with little memory held', async () => {
  const { open, transports } = await startGateway();
  const socket = await open();
  socket.pause();
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => layFrame('x'.repeat(125), { opcode: 9 })));
  let most = 0;
  for (let i = 0; i < 40 && !transports[0]?.destroyed; i++) {
    socket.write(pings);
    const read = transports[0]?.bytesRead;
    await until(() => transports[0]?.destroyed || transports[0]?.bytesRead !== read, 'the pings to be read');
    most = Math.max(most, transports[0]?.writableLength ?? 0);
  }
  expect(most).toBeLessThan(1_048_576);
});

onNode('a message in more pieces than anyone needs is ended', async () => {
  const { open } = await startGateway();
  const socket = await open();
  const empty = layFrame('', { opcode: 0, isFinal: false });
  socket.write(layFrame('', { isFinal: false }));
  for (let i = 0; i < 20; i++) socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => empty)));
  expect(await socket.closed()).toBe(1008);
});
