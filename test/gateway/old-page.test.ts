import { createFlow } from 'message-flow/backend';
import { contract, type } from 'message-flow/contract';
import { DIALECTS, getDialect } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { type OldPage, openOldPage } from '../support/old-page.ts';
import { signOldToken } from '../support/old-token.ts';
import { until } from '../support/until.ts';
import { createFakeTime } from './fake-time.ts';
import { appendOne, SECRET, startGateway, type TestGateway } from './test-gateway.ts';

const TOKEN = signOldToken({ username: 'ada' }, SECRET);
const OLD = { dialects: ['2016'], unexpiringTokens: true } as const;

interface Opening {
  readonly cookie?: string;
  readonly askToken?: () => Promise<string>;
}

function openPage({ port }: TestGateway, { cookie, askToken = async () => TOKEN }: Opening = {}) {
  const clock = createFakeClock();
  const page = openOldPage({ url: `ws://127.0.0.1:${port}/websocket`, clock, askToken, ...(cookie && { cookie }) });
  return { page, clock };
}

async function untilAuthenticated(page: OldPage): Promise<void> {
  await until(() => page.authenticated === 'Yes', 'AUTH OK');
}

test('a page of 2016 connects, authenticates and gets its messages', async () => {
  const gateway = await startGateway(OLD);
  const { page } = openPage(gateway);
  await untilAuthenticated(page);
  expect(page.trace).toEqual([
    'open',
    '< {"id": "AUTH REQUEST"}',
    'ask',
    'cookie set',
    `> ${TOKEN}`,
    '< {"id": "AUTH OK"}',
  ]);
  await appendOne(gateway.broker, 'user/ada', '"Message processed"');
  await until(() => page.messages.length === 1, 'the message');
  expect(page.messages).toEqual([{ username: 'ada', id: 'said', data: 'Message processed' }]);
  expect(page.connected).toBe('Online');
});

test.each(DIALECTS)('a page of $name gets what is sent to everyone', async (dialect) => {
  const gateway = await startGateway({ dialects: [dialect.name], unexpiringTokens: true });
  const page = openOldPage({
    url: `ws://127.0.0.1:${gateway.port}/websocket`,
    clock: createFakeClock(),
    askToken: async () => signOldToken({ [dialect.claim]: 'ada' }, SECRET),
    idKey: dialect.idKey,
  });
  await untilAuthenticated(page);
  await appendOne(gateway.broker, 'everyone', '{"text":"news"}');
  await until(() => page.messages.length === 1, 'the news');
  expect(page.messages[0]?.[dialect.dataKey]).toEqual({ text: 'news' });
});

test('a page with a stale cookie erases it, fetches a token, and stays on its connection', async () => {
  const gateway = await startGateway(OLD);
  const { page } = openPage(gateway, {
    cookie: signOldToken({ username: 'ada' }, 'the secret of last year, 32 bytes and so on'),
  });
  await untilAuthenticated(page);
  expect(page.trace.filter((line) => !line.startsWith('>'))).toEqual([
    'open',
    '< {"id": "AUTH REQUEST"}',
    '< {"id": "AUTH FAILED"}',
    'cookie erased',
    '< {"id": "AUTH REQUEST"}',
    'ask',
    'cookie set',
    '< {"id": "AUTH OK"}',
  ]);
  expect(page.socketCount).toBe(1);
});

test('a page whose token endpoint is down recovers by itself once it is up', async () => {
  const time = createFakeTime();
  const gateway = await startGateway({ ...OLD, clock: time.clock });
  let isUp = false;
  const { page, clock } = openPage(gateway, {
    askToken: async () => (isUp ? TOKEN : Promise.reject(new Error('502'))),
  });
  for (let i = 1; i <= 3; i++) {
    await until(() => page.trace.filter((line) => line === 'ask').length === i, 'a request');
    await until(() => clock.timerCount > 0, 'its wait');
    clock.advance(1_000);
    await until(() => page.trace.filter((line) => line.includes('AUTH FAILED')).length === i, 'the refusal');
  }
  isUp = true;
  time.advance(10_000);
  await until(() => page.trace.includes('close 4401'), 'the end of its time');
  clock.advance(1_000);
  await untilAuthenticated(page);
});

test("a page of 2016 takes the bare token of today's backend, as it is", async () => {
  const flow = createFlow(contract({ events: { 'TASK DONE': type<string>() }, channels: [] }), {
    broker: 'memory:',
    single: true,
    secret: SECRET,
    authenticate: () => ({ user: 'ada' }),
  });
  const gateway = await startGateway({ dialects: ['2016'], broker: flow.broker });
  const askToken = async () => await (await flow.handler(new Request('http://localhost/socket_auth_token'))).text();
  const { page } = openPage(gateway, { askToken });
  await untilAuthenticated(page);
  await flow.user('ada').send('TASK DONE', 'Message processed');
  await until(() => page.messages.length === 1, 'the message');
  expect(page.messages).toEqual([{ username: 'ada', id: 'TASK DONE', data: 'Message processed' }]);
});

test('pages of three generations follow one user beside one another', async () => {
  const gateway = await startGateway({ dialects: ['2016', '2020'], unexpiringTokens: true });
  const url = `ws://127.0.0.1:${gateway.port}/websocket`;
  const pages = ['2016', '2020'].map((name) => {
    const { claim, idKey } = getDialect(name);
    const askToken = async () => signOldToken({ [claim]: 'ada' }, SECRET);
    return openOldPage({ url, clock: createFakeClock(), askToken, idKey });
  });
  const ours = await gateway.connect('ada');
  for (const page of pages) await untilAuthenticated(page);
  await appendOne(gateway.broker, 'user/ada', '7');
  await until(() => pages.every(({ messages }) => messages.length === 1), 'both pages');
  await ours.text((text) => text.includes('said'), 'ours');
  expect(pages.map(({ messages }) => messages[0])).toEqual([
    { username: 'ada', id: 'said', data: 7 },
    { user_id: 'ada', actionType: 'said', payload: 7 },
  ]);
});

test('a heartbeat is two bytes, and no message', async () => {
  const time = createFakeTime();
  const gateway = await startGateway({ ...OLD, clock: time.clock });
  const { page } = openPage(gateway);
  await untilAuthenticated(page);
  time.advance(25_000);
  await until(() => page.heartbeats > 0, 'a heartbeat');
  expect(page.messages).toEqual([]);
});
