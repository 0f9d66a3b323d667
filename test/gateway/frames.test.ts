import fc from 'fast-check';
import { RESERVED_IDS } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { appendOne, say, startGateway, storyOf } from './test-gateway.ts';

test.each([
  ['AUTH', undefined],
  ['AUTH', null],
  ['AUTH', {}],
  ['AUTH', { token: 7 }],
  ['AUTH', { token: 'x', logs: [] }],
  ['AUTH', { token: 'x', logs: 'everyone' }],
  ['AUTH', { token: 'x', logs: { everyone: 7 } }],
  ['SUBSCRIBE', undefined],
  ['SUBSCRIBE', {}],
  ['SUBSCRIBE', { logs: ['everyone'] }],
  ['SUBSCRIBE', { logs: { everyone: null } }],
  ['UNSUBSCRIBE', {}],
  ['UNSUBSCRIBE', { logs: 'everyone' }],
  ['UNSUBSCRIBE', { logs: [7] }],
])('a known id in a wrong shape is answered invalid-frame: %s %j', async (id, data) => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  say(socket, id, data);
  const text = await socket.text((said) => said.startsWith('{"id":"ERROR"'), 'ERROR');
  expect(JSON.parse(text).data.code).toBe('invalid-frame');
  socket.send('<3');
  await socket.text((said) => said === '<3', 'the heartbeat');
  expect(socket.closeCode).toBeUndefined();
});

test.each([
  ['{}'],
  ['{"id":"NEWS"}'],
  ['{"id":7}'],
  ['{"id":null,"data":{}}'],
  ['{"id":"auth","data":{}}'],
  ['{"id":"AUTH OK","data":{"user":"bob"}}'],
  ['{"id":"__proto__"}'],
  ['{"id":["AUTH"],"data":{"token":"x"}}'],
  ['{"action":"AUTH","data":{}}'],
])('an unknown id is ignored: %s', async (text) => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  await until(() => socket.texts.length === 4, 'both LIVE');
  socket.send(text);
  socket.send('<3');
  await socket.text((said) => said === '<3', 'the heartbeat');
  expect(socket.texts).toHaveLength(5);
});

test('unknown fields of a known frame are ignored', async () => {
  const { connect, broker } = await startGateway();
  const at = await appendOne(broker, 'everyone', '{"n":1}');
  const socket = await connect('ada', {}, { logs: ['channel/a'] });
  socket.send('{"new":1,"id":"SUBSCRIBE","data":{"more":[],"logs":{"channel/a":"start"}}}');
  await until(() => storyOf(socket, 'channel/a').length === 1, 'LIVE');
  expect(storyOf(socket, 'everyone')).toEqual([`LIVE ${at}`]);
});

test('"<3" is answered before authentication and after, at once', async () => {
  const { open, sign } = startFakeHost();
  const { socket, connection } = open();
  connection.takeText('<3');
  expect(socket.texts.at(-1)).toBe('<3');
  connection.takeText(await sign());
  await until(() => socket.texts.filter((text) => text.includes('"LIVE"')).length === 2, 'LIVE');
  connection.takeText('<3');
  expect(socket.texts.at(-1)).toBe('<3');
});

test('a text that only looks like a heartbeat is a bare token', async () => {
  const { open } = startFakeHost();
  const { socket, connection } = open();
  connection.takeText('<3 ');
  await until(() => socket.texts.some((text) => text.includes('AUTH FAILED')), 'AUTH FAILED');
});

test('a list is a bare token, as it does not begin with a brace', async () => {
  const { open } = startFakeHost();
  const { socket, connection } = open();
  connection.takeText('[{"id":"AUTH"}]');
  await until(() => socket.texts.some((text) => text.includes('AUTH FAILED')), 'AUTH FAILED');
});

test('an entry keeps its event name and data as they are, whatever they hold', async () => {
  const { connect, broker } = startFakeHost();
  const { socket } = await connect('ada');
  const event = 'say "hi"\\ \u2028 \ud834\udd1e';
  const data = '{"n":12345678901234567890.000100, "e":1E+2,\t"z":-0,"s":"\\u00e9\u00e9\ud834\udd1e"}';
  await broker.append('user/ada' as never, { key: 'k', event, data: data as never });
  await until(() => socket.texts.some((text) => text.includes(data)), 'the entry');
  const text = socket.texts.find((said) => said.includes(data)) as string;
  expect(text.startsWith(`{"id":${JSON.stringify(event)},"data":${data},"log":"user/ada","at":"`)).toBe(true);
});

test('no JSON that a client can send throws, stalls the connection or reaches another user', async () => {
  const { connect, open, broker, events } = startFakeHost({
    authTimeoutMs: 1e9,
    pingIntervalMs: Number.POSITIVE_INFINITY,
  });
  const other = await connect('bob');
  const ids = fc.constantFrom(...RESERVED_IDS, 'NEWS', 7, null);
  const maps = fc.dictionary(
    fc.oneof(fc.constantFrom('everyone', 'user/ada', 'user/bob', 'control'), fc.string()),
    fc.jsonValue(),
  );
  const data = fc.oneof(
    fc.jsonValue(),
    fc.record({ token: fc.jsonValue(), logs: fc.oneof(maps, fc.jsonValue()) }, { requiredKeys: [] }),
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), ids, data, async (isAuthenticated, id, value) => {
      const { socket, connection } = isAuthenticated ? await connect('ada') : open();
      connection.takeText(JSON.stringify({ id, data: value }));
      connection.takeText('<3');
      await until(() => socket.texts.includes('<3'), 'the heartbeat');
      expect(socket.closeCode).toBeUndefined();
      connection.ended(1000);
    }),
    { numRuns: 300 },
  );
  await nextTurn();
  await appendOne(broker, 'user/bob', '"for bob"');
  await until(() => other.socket.texts.some((text) => text.includes('for bob')), 'the entry');
  expect(events.filter(({ type }) => type === 'fault')).toEqual([]);
});
