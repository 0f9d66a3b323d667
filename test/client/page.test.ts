import type { FetchAnswer, PositionStorage } from 'message-flow/client';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { openClient } from './app.ts';
import { createFakePage, createFakeStorage } from './fake-page.ts';
import { placesOf, startWire, type Wire } from './wire.ts';

/** A live client on a page. */
async function openPage(wire: Wire, options: Parameters<typeof openClient>[1] = {}) {
  const page = createFakePage();
  const client = openClient(wire, { page, ...options });
  const seen: string[] = [];
  client.on('TASK DONE', (text, { replayed }) => seen.push(replayed ? `${text} again` : text));
  const socket = await wire.socket(0);
  await socket.accept();
  await until(() => client.connection.get().state === 'live', 'the state live');
  return { page, client, socket, seen };
}

/** The same storage, under keys of its own. */
function createAside(storage: PositionStorage): PositionStorage {
  return {
    getItem: (key) => storage.getItem(`aside:${key}`),
    setItem: (key, value) => storage.setItem(`aside:${key}`, value),
  };
}

function countProbes(heard: readonly unknown[]): number {
  return heard.filter((frame) => frame === '<3').length;
}

describe('a page that wakes', () => {
  test.each(['online', 'pageshow'])('%s: asks the gateway', async (type) => {
    const { page, socket } = await openPage(await startWire());
    page.fire(type, true);
    await until(() => countProbes(socket.heard) === 1, 'a probe');
  });

  test('visibilitychange: asks when it is shown, not when it is hidden', async () => {
    const { page, socket } = await openPage(await startWire());
    page.document.visibilityState = 'hidden';
    page.fire('visibilitychange');
    page.document.visibilityState = 'visible';
    page.fire('visibilitychange');
    await until(() => countProbes(socket.heard) > 0, 'a probe');
    expect(countProbes(socket.heard)).toBe(1);
  });

  test('a pageshow of a page that was just loaded is no waking', async () => {
    const { page, socket } = await openPage(await startWire());
    page.fire('pageshow', false);
    page.fire('online');
    await until(() => countProbes(socket.heard) > 0, 'a probe');
    expect(countProbes(socket.heard)).toBe(1);
  });

  test('a clock that jumped: asks, though nothing else was said', async () => {
    const clock = createFakeClock();
    const page = createFakePage();
    const wire = await startWire();
    const client = openClient(wire, { clock, page });
    client.connect();
    clock.advance(0);
    const socket = await wire.socket(0);
    await socket.accept();
    await until(() => client.connection.get().state === 'live', 'the state live');
    clock.sleep(12_000);
    await until(() => countProbes(socket.heard) === 1, 'a probe');
  });

  test('a hidden tab’s late timers are no jump', async () => {
    const clock = createFakeClock();
    const page = createFakePage();
    const wire = await startWire();
    const client = openClient(wire, { clock, page });
    client.connect();
    clock.advance(0);
    const socket = await wire.socket(0);
    await socket.accept();
    await until(() => client.connection.get().state === 'live', 'the state live');
    page.document.visibilityState = 'hidden';
    page.fire('visibilitychange');
    clock.sleep(20_000);
    socket.enter('user/ada', 'of tomorrow', 1, 'e:1:');
    await until(() => client.unhandledCount === 1, 'an entry');
    expect(countProbes(socket.heard)).toBe(0);
  });
});

describe('positions', () => {
  test('outlive a reload, with what came before it and was not yet written', async () => {
    const wire = await startWire();
    const storage = createFakeStorage();
    const first = await openPage(wire, { storage });
    first.socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    await until(() => first.seen.length === 1, 'an entry');
    first.page.fire('pagehide');
    const second = openClient(wire, { page: createFakePage(), storage });
    second.connect();
    expect(await (await wire.socket(1)).accept()).toMatchObject({ logs: { 'user/ada': 'e:1:' } });
  });

  test('live in the page’s sessionStorage, if no other is given', async () => {
    const wire = await startWire();
    const { page } = await openPage(wire);
    page.fire('pagehide');
    const kept = page.sessionStorage?.getItem(`message-flow:${wire.options.flow}:ada`);
    expect(JSON.parse(kept ?? '')).toEqual({ everyone: 'e:0:', 'user/ada': 'e:0:' });
  });

  test('are written after the handlers ran', async () => {
    const wire = await startWire();
    const storage = createFakeStorage();
    const clock = createFakeClock();
    const client = openClient(wire, { clock, page: createFakePage(), storage });
    let writesSeen = -1;
    client.on('TASK DONE', () => {
      writesSeen = storage.writeCount;
    });
    clock.advance(0);
    const socket = await wire.socket(0);
    await socket.accept();
    await until(() => client.connection.get().state === 'live', 'the state live');
    clock.advance(1_000);
    const before = storage.writeCount;
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    await until(() => writesSeen >= 0, 'the handler');
    expect(writesSeen).toBe(before);
    clock.advance(1_000);
    expect(storage.writeCount).toBe(before + 1);
  });

  test('of a log that was revoked are forgotten: whoever follows it again begins anew', async () => {
    const wire = await startWire();
    const { client, socket, page } = await openPage(wire, { storage: createFakeStorage() });
    const channel = client.channel('news', {});
    const flashes: number[] = [];
    channel.on('flash', (number) => flashes.push(number));
    expect(await socket.accept()).toMatchObject({ logs: { 'channel/news': 'e:0:' } });
    socket.enter('channel/news', 'flash', 1, 'e:1:');
    await until(() => flashes.length === 1, 'an entry');
    page.fire('pagehide'); // writes e:1:
    socket.enter('channel/news', 'flash', 2, 'e:2:');
    const refused = new Promise((resolve) => client.onRefused(resolve));
    socket.say('UNSUBSCRIBED', { log: 'channel/news', reason: 'revoked' });
    await refused;
    wire.answer = (logs) => ({
      status: 200,
      body: {
        token: 'good',
        user: 'ada',
        at: { ...placesOf(['user/ada', 'everyone']), ...Object.fromEntries(logs.map((log) => [log, 'e:2:'])) },
        refused: [],
      },
    });
    channel.on('flash', () => {});
    expect(await socket.accept()).toMatchObject({ logs: { 'channel/news': 'e:2:' } });
  });

  test('of two clients in a tab stay apart, if the second has a storage of its own', async () => {
    const wire = await startWire();
    const page = createFakePage();
    const storage = createAside(page.sessionStorage as PositionStorage);
    const first = await openPage(wire, { page });
    const second = openClient(wire, { page, storage });
    second.connect();
    const socket = await wire.socket(1);
    await socket.accept();
    for (const at of ['e:1:', 'e:2:']) first.socket.enter('everyone', 'TASK DONE', 'both hear it', at);
    socket.enter('everyone', 'TASK DONE', 'both hear it', 'e:1:');
    await until(() => first.seen.length === 2 && second.unhandledCount === 1, 'the entries');
    page.fire('pagehide');
    openClient(wire, { page }).connect();
    expect(await (await wire.socket(2)).accept()).toMatchObject({ logs: { everyone: 'e:2:' } });
    openClient(wire, { page, storage }).connect();
    expect(await (await wire.socket(3)).accept()).toMatchObject({ logs: { everyone: 'e:1:' } });
  });

  test('of who signs in next are left alone by a page that was signed out before it heard of them', async () => {
    const wire = await startWire();
    const key = `message-flow:${wire.options.flow}:bob`;
    const storage = createFakeStorage({ [key]: '{"everyone":"e:1:"}' });
    let answerLate: ((answer: FetchAnswer) => void) | undefined;
    const { client, page, socket } = await openPage(wire, {
      storage,
      fetch: (url, init) =>
        init.body.includes('news') ? new Promise((resolve) => (answerLate = resolve)) : fetch(url, init),
    });
    client.channel('news', {}).on('flash', () => {});
    const answer = await until(() => answerLate, 'a request for a token');
    socket.close(4409);
    await until(() => client.connection.get().state === 'signed-out', 'the state signed-out');
    let isRead = false;
    answer({
      status: 200,
      async json() {
        isRead = true;
        return { token: "bob's", user: 'bob', at: placesOf(['user/bob', 'everyone', 'channel/news']), refused: [] };
      },
    });
    await until(() => isRead, 'the answer');
    await new Promise((resolve) => setTimeout(resolve)); // the promises that were waiting for it
    page.fire('pagehide');
    expect(storage.getItem(key)).toBe('{"everyone":"e:1:"}');
  });

  test('are written by close', async () => {
    const storage = createFakeStorage();
    const { client } = await openPage(await startWire(), { storage });
    const before = storage.writeCount;
    client.close();
    expect(storage.writeCount).toBe(before + 1);
  });
});

test('close takes every listener off the page', async () => {
  const { page, client } = await openPage(await startWire());
  expect(page.listenerCount).toBe(4);
  client.connect();
  expect(page.listenerCount).toBe(4);
  client.close();
  expect(page.listenerCount).toBe(0);
});
