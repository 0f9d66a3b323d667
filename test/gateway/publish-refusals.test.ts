import { RESERVED_IDS } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { PUBLISH_KEY, startGateway } from './test-gateway.ts';

const GOOD = { everyone: true, id: 'x', data: 1 };

test.each<[string, unknown, number, string]>([
  ['is no object', 7, 400, 'invalid-message'],
  ['is null', null, 400, 'invalid-message'],
  ['is a list', [], 400, 'invalid-message'],
  ['has an unknown field', { ...GOOD, ttl: 5 }, 400, 'unknown-field'],
  ['has no id', { everyone: true, data: 1 }, 400, 'invalid-id'],
  ['has an empty id', { ...GOOD, id: '' }, 400, 'invalid-id'],
  ['has an id that is no text', { ...GOOD, id: 7 }, 400, 'invalid-id'],
  ['has an id of 129 bytes', { ...GOOD, id: `${'\u20ac'.repeat(43)}` }, 400, 'invalid-id'],
  ['has an empty key', { ...GOOD, key: '' }, 400, 'invalid-key'],
  ['has a key that is no text', { ...GOOD, key: 7 }, 400, 'invalid-key'],
  ['has null as key', { ...GOOD, key: null }, 400, 'invalid-key'],
  ['has a key of 129 bytes', { ...GOOD, key: 'k'.repeat(129) }, 400, 'invalid-key'],
  ['has no data', { everyone: true, id: 'x' }, 400, 'no-data'],
  ['has data of 262,145 bytes', { ...GOOD, data: 'x'.repeat(262_143) }, 413, 'too-large'],
  ['has no target', { id: 'x', data: 1 }, 400, 'invalid-target'],
  ['has two targets', { ...GOOD, user: 'ada' }, 400, 'invalid-target'],
  ['is to everyone: false', { ...GOOD, everyone: false }, 400, 'invalid-target'],
  ['is to everyone: "true"', { ...GOOD, everyone: 'true' }, 400, 'invalid-target'],
  ['is to user *', { user: '*', id: 'x', data: 1 }, 400, 'invalid-user'],
  ['is to nobody', { user: '', id: 'x', data: 1 }, 400, 'invalid-user'],
  ['is to user 7', { user: 7, id: 'x', data: 1 }, 400, 'invalid-user'],
  ['is to a user too long to name', { user: 'x'.repeat(200), id: 'x', data: 1 }, 400, 'invalid-user'],
  ['is to half a surrogate pair', { user: '\ud800', id: 'x', data: 1 }, 400, 'invalid-user'],
  ['is to what is no log', { log: 'nowhere/x', id: 'x', data: 1 }, 400, 'invalid-log'],
  ['is to a log that is not encoded', { log: 'channel/a b', id: 'x', data: 1 }, 400, 'invalid-log'],
  ['is to log 7', { log: 7, id: 'x', data: 1 }, 400, 'invalid-log'],
  ['is to a log that is a list', { log: ['channel/a'], id: 'x', data: 1 }, 400, 'invalid-log'],
  ['is to control', { log: 'control', id: 'revoke', data: { user: 'ada', before: 9e15 } }, 400, 'refused-log'],
  ['is to a canary', { log: 'canary/here', id: 'x', data: 1 }, 400, 'refused-log'],
])('a message that %s is refused, alone and in a list, and nothing is appended', async (_, message, status, code) => {
  const { post, broker } = await startGateway();
  if (!Array.isArray(message)) {
    const alone = await post('publish', message);
    expect(alone.status).toBe(status);
    expect(await alone.json()).toEqual({ error: { code, message: expect.any(String) } });
  }
  const list = await post('publish', [GOOD, GOOD, message]);
  expect(list.status).toBe(status);
  expect(await list.json()).toEqual({ error: { code, message: expect.any(String), index: 2 } });
  expect((await broker.read('everyone' as never, 'start', 10)).entries).toEqual([]);
  expect((await broker.read('control' as never, 'start', 10)).entries).toEqual([]);
});

test.each(RESERVED_IDS)('the id %s is the protocol’s own and refused', async (id) => {
  const { post } = await startGateway();
  const response = await post('publish', { ...GOOD, id });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: 'reserved-id' } });
});

test.each([
  ['no JSON', '{"everyone":true', 400, 'invalid-json'],
  ['nothing', '', 400, 'invalid-json'],
  ['an empty list', '[]', 400, 'no-messages'],
  ['101 messages', JSON.stringify(Array(101).fill(GOOD)), 413, 'too-many-messages'],
  ['more than 1 MiB', `{"everyone":true,"id":"x","data":"${'x'.repeat(1_048_576)}"}`, 413, 'too-large'],
])('a body of %s is refused', async (_, body, status, code) => {
  const { post } = await startGateway();
  const response = await post('publish', body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { code } });
});

test('exactly what is allowed is taken: 100 messages, 262,144 bytes, key and id of 128', async () => {
  const { post } = await startGateway();
  expect((await post('publish', Array(100).fill(GOOD))).status).toBe(200);
  expect((await post('publish', { ...GOOD, data: 'x'.repeat(262_142) })).status).toBe(200);
  expect((await post('publish', { ...GOOD, key: 'k'.repeat(128), id: 'i'.repeat(128) })).status).toBe(200);
});

test('a body that never ends is refused as soon as it is too large', async () => {
  const { gateway } = await startGateway();
  const piece = new Uint8Array(262_144).fill(0x20);
  let pieces = 0;
  const body = new ReadableStream({
    pull(controller) {
      pieces++;
      if (pieces > 1_000) controller.close();
      else controller.enqueue(piece);
    },
  });
  const request = new Request('http://localhost/gateway/publish', {
    method: 'POST',
    headers: { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit);
  expect((await gateway.handler(request)).status).toBe(413);
  expect(pieces).toBeLessThan(20);
});

test('a body that breaks off is answered 400', async () => {
  const { gateway } = await startGateway();
  const body = new ReadableStream({
    pull: (controller) => controller.error(new Error('the sender is gone')),
  });
  const request = new Request('http://localhost/gateway/publish', {
    method: 'POST',
    headers: { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json' },
    body,
    duplex: 'half',
  } as RequestInit);
  expect((await gateway.handler(request)).status).toBe(400);
});

test('a body that is not UTF-8 is refused', async () => {
  const { gateway } = await startGateway();
  const request = new Request('http://localhost/gateway/publish', {
    method: 'POST',
    headers: { authorization: `Bearer ${PUBLISH_KEY}`, 'content-type': 'application/json' },
    body: new Uint8Array([0x22, 0xff, 0x22]),
  });
  const response = await gateway.handler(request);
  expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
    400,
    'not-utf-8',
  ]);
});

test('a name that means something to JavaScript is a field like any other', async () => {
  const { post } = await startGateway();
  const response = await post('publish', '{"__proto__":{"user":"ada"},"id":"x","data":1}');
  expect(await response.json()).toMatchObject({ error: { code: 'unknown-field' } });
  expect((await post('publish', '{"everyone":true,"id":"x","data":{"__proto__":{"x":1}}}')).status).toBe(200);
  expect(({} as { x?: number }).x).toBeUndefined();
});
