import { expect, test } from 'vitest';
import { nextTurn, until } from '../support/until.ts';
import { startFakeHost } from './fake-host.ts';
import { append, appendOne, say, startGateway, storyOf } from './test-gateway.ts';

const MANY = Array.from({ length: 128 }, (_, i) => `channel/c${i}`);

test('SUBSCRIBE follows a listed log', async () => {
  const { connect, broker } = await startGateway();
  const at = await append(broker, 'channel/a', 2);
  const socket = await connect('ada', {}, { logs: ['channel/a'] });
  say(socket, 'SUBSCRIBE', { logs: { 'channel/a': at[0] } });
  await until(() => storyOf(socket, 'channel/a').length === 2, 'LIVE');
  expect(storyOf(socket, 'channel/a')).toEqual([`entry 2 ${at[1]}`, `LIVE ${at[1]}`]);
});

test("a user's own runs are followed without being listed", async () => {
  const { connect, broker } = await startGateway();
  const at = await appendOne(broker, 'run/ada/count/1', '{"n":1}');
  const socket = await connect('ada');
  say(socket, 'SUBSCRIBE', { logs: { 'run/ada/count/1': 'start' } });
  await until(() => storyOf(socket, 'run/ada/count/1').length === 2, 'LIVE');
  expect(storyOf(socket, 'run/ada/count/1')).toEqual([`entry 1 ${at}`, `LIVE ${at}`]);
});

test.each([
  ['channel/b'],
  ['channel/a/b'],
  ['channel/A'],
  ['store/a'],
  ['user/bob'],
  ['user/ad'],
  ['user/ada2'],
  ['run/bob/count/1'],
  ['control'],
  ['canary/here'],
])('what the token does not allow is refused: %s', async (log) => {
  const { connect, broker } = await startGateway();
  await appendOne(broker, log, '"secret"');
  const socket = await connect('ada', {}, { logs: ['channel/a'] });
  say(socket, 'SUBSCRIBE', { logs: { [log]: 'start' } });
  await socket.text((text) => text === `{"id":"UNSUBSCRIBED","data":{"log":"${log}","reason":"refused"}}`, 'refusal');
  await appendOne(broker, log, '"secret too"');
  socket.send('<3');
  await socket.text((text) => text === '<3', 'the heartbeat');
  expect(socket.texts.join()).not.toContain('secret');
});

test('control and the logs of others are refused even if a token lists them', async () => {
  const { connect } = await startGateway();
  const socket = await connect('ada', {}, { logs: ['control', 'user/bob', 'run/bob/count/1'] });
  say(socket, 'SUBSCRIBE', { logs: { control: 'start', 'user/bob': 'start', 'run/bob/count/1': 'start' } });
  await until(() => socket.texts.filter((text) => text.includes('"refused"')).length === 3, 'three refusals');
});

test.each([
  ['nonsense'],
  [''],
  ['channel/'],
  ['channel'],
  ['everyone/x'],
  ['user/*'],
  ['user/%2A'],
  ['channel/a b'],
  ['channel/%61'],
  ['channel/%e2%82%ac'],
  ['channel/a\u0000'],
  ['Channel/a'],
  ['channel/>'],
  ['__proto__'],
  ['constructor'],
  ['run/ada/only-two'],
  [`channel/${'x'.repeat(200)}`],
])('what is no name of a log is answered invalid-log: %j', async (log) => {
  const { connect } = await startGateway();
  const socket = await connect('ada');
  socket.send(`{"id":"SUBSCRIBE","data":{"logs":{${JSON.stringify(log)}:"start"}}}`);
  const text = await socket.text((said) => said.startsWith('{"id":"ERROR"'), 'ERROR');
  expect(JSON.parse(text).data).toEqual({
    code: 'invalid-log',
    message: 'not the name of a log',
    log: log.slice(0, 200),
  });
  expect(({} as Record<string, unknown>).start).toBeUndefined();
});

test('SUBSCRIBE before AUTH OK is answered not-authenticated', async () => {
  const { open } = await startGateway();
  const socket = await open();
  say(socket, 'SUBSCRIBE', { logs: { everyone: 'start' } });
  const text = await socket.text((said) => said.startsWith('{"id":"ERROR"'), 'ERROR');
  expect(JSON.parse(text).data.code).toBe('not-authenticated');
});

test('128 logs are followed beside the own two; the 129th is answered too-many-logs', async () => {
  const { connect, broker } = await startGateway();
  const socket = await connect('ada', {}, { logs: MANY });
  say(socket, 'SUBSCRIBE', { logs: Object.fromEntries(MANY.map((log) => [log, 'start'])) });
  say(socket, 'SUBSCRIBE', { logs: { 'run/ada/count/1': 'start' } });
  const text = await socket.text((said) => said.startsWith('{"id":"ERROR"'), 'ERROR');
  expect(JSON.parse(text).data).toMatchObject({ code: 'too-many-logs', log: 'run/ada/count/1' });
  await until(() => socket.texts.filter((said) => said.startsWith('{"id":"LIVE"')).length === 130, '130 LIVE');
  await appendOne(broker, 'channel/c127', '"last"');
  await socket.text((said) => said.includes('"last"'), 'the entry');
});

test('a log that was left makes room for another', async () => {
  const { connect } = await startGateway();
  const socket = await connect('ada', Object.fromEntries(MANY.map((log) => [log, 'start'])), { logs: MANY });
  say(socket, 'UNSUBSCRIBE', { logs: ['channel/c0'] });
  say(socket, 'SUBSCRIBE', { logs: { 'run/ada/count/1': 'start' } });
  await socket.text((said) => said.startsWith('{"id":"LIVE","data":{"log":"run/ada/count/1"'), 'LIVE');
});

test('UNSUBSCRIBE stops a log at once', async () => {
  const { connect, broker } = startFakeHost();
  const { socket, connection } = await connect('ada', { 'channel/a': 'start' }, { logs: ['channel/a'] });
  await until(() => socket.texts.some((text) => text.includes('"LIVE","data":{"log":"channel/a"')), 'LIVE');
  await appendOne(broker, 'channel/a', '"on its way"');
  connection.takeText('{"id":"UNSUBSCRIBE","data":{"logs":["channel/a"]}}');
  await appendOne(broker, 'channel/a', '"too late"');
  await appendOne(broker, 'user/ada', '"last"');
  await until(() => socket.texts.some((text) => text.includes('"last"')), 'the last');
  expect(socket.texts.filter((text) => text.includes('channel/a'))).toHaveLength(1);
});

test('what was left can be followed again, from where it was left', async () => {
  const { connect, broker } = await startGateway();
  const socket = await connect('ada', { 'channel/a': 'start' }, { logs: ['channel/a'] });
  const at = await append(broker, 'channel/a', 1);
  await until(() => storyOf(socket, 'channel/a').length === 2, 'the first');
  say(socket, 'UNSUBSCRIBE', { logs: ['channel/a'] });
  socket.send('<3');
  await socket.text((text) => text === '<3', 'the heartbeat');
  at.push(...(await append(broker, 'channel/a', 2, 2)));
  say(socket, 'SUBSCRIBE', { logs: { 'channel/a': at[0] } });
  await until(() => storyOf(socket, 'channel/a').length === 5, 'LIVE');
  expect(storyOf(socket, 'channel/a').slice(2)).toEqual([`entry 2 ${at[1]}`, `entry 3 ${at[2]}`, `LIVE ${at[2]}`]);
});

test('the own two logs can not be left', async () => {
  const { connect, broker } = await startGateway();
  const socket = await connect('ada');
  say(socket, 'UNSUBSCRIBE', { logs: ['user/ada', 'everyone', 'channel/never', 'user/bob'] });
  await appendOne(broker, 'user/ada', '{"n":1}');
  await appendOne(broker, 'everyone', '{"n":2}');
  await until(() => [1, 2].every((n) => socket.texts.some((text) => text.includes(`"data":{"n":${n}}`))), 'both');
});

test('SUBSCRIBE to a log that is followed changes nothing', async () => {
  const { connect, broker } = await startGateway();
  const at = await append(broker, 'channel/a', 2);
  const socket = await connect('ada', { 'channel/a': 'start' }, { logs: ['channel/a'] });
  await until(() => storyOf(socket, 'channel/a').length === 3, 'LIVE');
  say(socket, 'SUBSCRIBE', { logs: { 'channel/a': 'start' } });
  at.push(...(await append(broker, 'channel/a', 1, 3)));
  await until(() => storyOf(socket, 'channel/a').length === 4, 'the third');
  expect(storyOf(socket, 'channel/a')[3]).toBe(`entry 3 ${at[2]}`);
});

test('one bad log of a SUBSCRIBE costs the others nothing', async () => {
  const { connect } = startFakeHost();
  const { socket, connection } = await connect('ada', {}, { logs: ['channel/a'] });
  connection.takeText('{"id":"SUBSCRIBE","data":{"logs":{"??":"start","channel/b":"start","channel/a":"start"}}}');
  await until(() => socket.texts.some((text) => text.includes('"LIVE","data":{"log":"channel/a"')), 'LIVE');
  await nextTurn();
  const told = socket.texts.map((text) => JSON.parse(text)).filter(({ id }) => ['ERROR', 'UNSUBSCRIBED'].includes(id));
  expect(told.map(({ data }) => data.log)).toEqual(['??', 'channel/b']);
});
