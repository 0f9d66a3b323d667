import { type Client, type ClientOptions, createClient, type Gap } from 'message-flow/client';
import { oldServer } from 'message-flow/client/old-server';
import { DIALECTS, type DialectName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { createFakeClock } from '../support/fake-clock.ts';
import { type OldServer, startOldServer } from '../support/old-server.ts';
import { nextTurn, until } from '../support/until.ts';
import type { app } from './app.ts';

function openClient(
  { url, tokenUrl }: OldServer,
  name: DialectName,
  options: Partial<ClientOptions> = {},
): Client<typeof app> {
  const use = [oldServer(name, { tokenUrl })];
  const client = createClient<typeof app>({ url, WebSocket, use, random: () => 0.01, ...options });
  onTestFinished(() => client.close());
  return client;
}

async function untilLive(client: Client<typeof app>): Promise<void> {
  await until(
    () => client.connection.get().authenticated && client.connection.get().state === 'live',
    'the state live',
  );
}

test.each(DIALECTS)('it speaks to a server of $name: a bare token, AUTH OK, messages by id', async ({ name }) => {
  const server = await startOldServer({ name });
  const client = openClient(server, name);
  const texts: string[] = [];
  const gaps: Gap[] = [];
  client.on('TASK DONE', (text) => texts.push(text));
  client.onGap((gap) => gaps.push(gap));
  await untilLive(client);
  server.push('grace', 'TASK DONE', 'not for her');
  server.push('ada', 'TASK DONE', 'first');
  server.push('ada', 'TASK DONE', 'second');
  await until(() => texts.length === 2, 'both');
  expect(texts).toEqual(['first', 'second']);
  expect(client.connection.get().user).toBe('ada');
  expect(gaps).toEqual([]);
  expect(server.heard.length).toBe(1);
});

test.each(['2017', '2020'] as const)('what a server of %s sends to everyone comes from that log', async (name) => {
  const server = await startOldServer({ name });
  const client = openClient(server, name);
  const logs: string[] = [];
  client.on('TASK DONE', (_, { log }) => logs.push(log));
  await untilLive(client);
  server.push('*', 'TASK DONE', 'news');
  server.push('ada', 'TASK DONE', 'hers');
  await until(() => logs.length === 2, 'both');
  expect(logs).toEqual(['everyone', 'user/ada']);
});

test('after a reconnect the app is told, once a log, that something may be missing', async () => {
  const server = await startOldServer({ name: '2016' });
  const client = openClient(server, '2016');
  const story: string[] = [];
  client.on('TASK DONE', (text) => story.push(text));
  client.onGap(({ log, reason }) => story.push(`gap ${log} ${reason}`));
  await untilLive(client);
  for (let i = 1; i <= 2; i++) {
    server.cut();
    await until(() => server.socketCount === i + 1, 'another socket');
    await until(() => story.length === i * 3 - 1, 'the gaps');
    server.push('ada', 'TASK DONE', `after ${i}`);
    await until(() => story.length === i * 3, 'the message');
  }
  const gaps = ['gap everyone reset', 'gap user/ada reset'];
  expect(story).toEqual([...gaps, 'after 1', ...gaps, 'after 2']);
});

test('after a reload the app is told too', async () => {
  const server = await startOldServer({ name: '2016' });
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
  };
  const first = openClient(server, '2016', { storage, random: () => 0.3 });
  first.connect();
  await untilLive(first);
  first.close();
  const second = openClient(server, '2016', { storage, random: () => 0.4 });
  const gaps: string[] = [];
  second.onGap(({ log }) => gaps.push(log));
  second.connect();
  await untilLive(second);
  expect(gaps).toEqual(['everyone', 'user/ada']);
});

test.each(['cut', 'answer'] as const)(
  'bug 1.8#1: a token refused by a server that would %s is not sent again; a fresh one is fetched',
  async (badTokens) => {
    const server = await startOldServer({ name: '2016', badTokens });
    const good = server.secret;
    server.secret = 'the secret of last year';
    const client = openClient(server, '2016');
    client.connect();
    await until(() => server.heard.length > 0, 'the first token');
    server.secret = good;
    await untilLive(client);
    expect(new Set(server.heard).size).toBe(2);
  },
);

test.each([
  ['cut', 1],
  ['answer', 3],
] as const)(
  'bug 3.B9: tokens that a server would %s for ever are tried with growing waits, %i a socket',
  async (badTokens, tokensPerSocket) => {
    const server = await startOldServer({ name: '2016', badTokens });
    server.secret = 'not this one';
    const clock = createFakeClock();
    let asked = 0;
    const ask: typeof fetch = (...request) => {
      asked++;
      return fetch(...request);
    };
    const use = [oldServer('2016', { tokenUrl: server.tokenUrl, fetch: ask })];
    const client = openClient(server, '2016', { clock, random: () => 0.999, use });
    let [wasConnected, ends] = [false, 0];
    client.connection.subscribe(({ connected }) => {
      if (wasConnected && !connected) ends++;
      wasConnected = connected;
    });
    client.connect();
    clock.advance(0);
    for (const [i, waitMs] of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
      const expected = (i + 1) * tokensPerSocket;
      await until(() => ends === i + 1, 'the end of the socket');
      expect([asked, client.connection.get().reason]).toEqual([expected, 'token-refused']);
      clock.advance(waitMs * 0.99);
      expect(asked).toBe(expected);
      clock.advance(waitMs * 0.01);
      expect(asked).toBe(expected + 1);
    }
    expect(server.socketCount).toBe(6);
  },
);

test.each([
  ['nobody is signed in, as 2016 says it', null],
  ['the endpoint says 401', 401],
])('when %s, so is the client', async (_, user) => {
  const server = await startOldServer({ name: '2016' });
  server.user = user;
  const client = openClient(server, '2016');
  client.connect();
  await until(() => client.connection.get().state === 'signed-out', 'the state signed-out');
  expect(server.socketCount).toBe(0);
});

test.each([502, 200])('when the endpoint answers with a page and the status %i, it is asked again', async (status) => {
  const server = await startOldServer({ name: '2020' });
  server.user = status;
  const client = openClient(server, '2020');
  client.connect();
  await until(() => client.connection.get().reason === 'token-unavailable', 'the first answer');
  server.user = 'ada';
  await untilLive(client);
});

test('a channel is refused, and all else goes on', async () => {
  const server = await startOldServer({ name: '2016' });
  const client = openClient(server, '2016');
  const refused: string[] = [];
  client.onRefused(({ log }) => refused.push(log));
  client.channel('news', {}).on('flash', () => {});
  await until(() => refused.length === 1, 'the refusal');
  await untilLive(client);
  client.channel('project/:projectId', { projectId: 'p1' }).on('file/saved', () => {});
  await until(() => refused.length === 2, 'the other');
  expect(refused).toEqual(['channel/news', 'channel/project/p1']);
  expect(server.heard.length).toBe(1);
});

test('its heartbeats are watched: silent for 45 s and its grace, it is left; and it is never probed', async () => {
  const server = await startOldServer({ name: '2016' });
  const clock = createFakeClock();
  let heartbeats = 0;
  class Watched extends WebSocket {
    constructor(url: string) {
      super(url);
      this.addEventListener('message', ({ data }) => {
        if (data === '<3') heartbeats++;
      });
    }
  }
  const client = openClient(server, '2016', { clock, WebSocket: Watched });
  client.connect();
  clock.advance(0);
  await untilLive(client);
  for (let i = 0; i < 4; i++) {
    for (let second = 0; second < 45; second++) clock.advance(1_000);
    server.heartbeat();
    await until(() => heartbeats === i + 1, 'the heartbeat');
    await nextTurn();
  }
  expect(client.connection.get().authenticated).toBe(true);
  for (let second = 0; second < 60; second++) clock.advance(1_000);
  expect(client.connection.get().reason).toBe('silent');
  expect(server.heard.filter((text) => text === '<3')).toEqual([]);
});

test('when somebody looks at the page again, a server that spoke in its time is kept', async () => {
  const server = await startOldServer({ name: '2016' });
  const clock = createFakeClock();
  const listeners = new Set<(event: { type: string }) => void>();
  const page = {
    document: { visibilityState: 'visible' },
    addEventListener: (_: string, listener: (event: { type: string }) => void) => void listeners.add(listener),
    removeEventListener: () => {},
  };
  const client = openClient(server, '2016', { clock, page });
  client.connect();
  clock.advance(0);
  await untilLive(client);
  for (const listener of listeners) listener({ type: 'online' });
  for (let second = 0; second < 30; second++) clock.advance(1_000);
  expect(client.connection.get()).toMatchObject({ state: 'live', connected: true });
  expect(server.heard.length).toBe(1);
});

test('another user on the page begins anew: only what both follow has a gap', async () => {
  const server = await startOldServer({ name: '2017' });
  const client = openClient(server, '2017');
  const gaps: string[] = [];
  client.onGap(({ log }) => gaps.push(log));
  client.connect();
  await untilLive(client);
  server.user = 'grace';
  client.channel('news', {}).on('flash', () => {}); // asks for a token
  await until(() => client.connection.get().user === 'grace', 'the other user');
  await untilLive(client);
  expect(gaps).toEqual(['everyone']);
});

test('a dialect that nobody speaks is an error at once', () => {
  expect(() => oldServer('2015' as DialectName)).toThrow(RangeError);
});
