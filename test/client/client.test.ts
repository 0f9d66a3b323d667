import type { Gap } from 'message-flow/client';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { nextTurn, until } from '../support/until.ts';
import { openClient } from './app.ts';
import { startWire } from './wire.ts';

const P1 = 'channel/project/p1';

describe('connecting', () => {
  test('a client connects once something is listened to, not before', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    await nextTurn();
    expect(wire.tokenRequests).toEqual([]);
    client.on('TASK DONE', () => {});
    const socket = await wire.socket(0);
    expect(await socket.accept()).toEqual({ token: 'good', logs: { everyone: 'e:0:', 'user/ada': 'e:0:' } });
    await until(() => client.connection.get().state === 'live', 'the state live');
    expect(client.connection.get()).toMatchObject({ connected: true, authenticated: true, user: 'ada' });
  });

  test('what is listened to in one tick shares a token', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    client.on('TASK DONE', () => {});
    client.channel('project/:projectId', { projectId: 'p1' }).on('file/saved', () => {});
    client.channel('news', {}).on('flash', () => {});
    await (await wire.socket(0)).frame('AUTH');
    expect(wire.tokenRequests.map(({ logs }) => logs)).toEqual([[P1, 'channel/news']]);
  });

  test('the token is asked for as JSON, with the headers of the app', async () => {
    const wire = await startWire();
    const client = openClient(wire, { headers: () => ({ authorization: 'Bearer mine' }) });
    client.connect();
    await wire.socket(0);
    expect(wire.tokenRequests[0]?.headers).toMatchObject({
      authorization: 'Bearer mine',
      'content-type': 'application/json',
    });
  });

  test('headers that throw are told, and the token is asked for again later', async () => {
    const wire = await startWire();
    let isBroken = true;
    const headers = (): Record<string, string> => {
      if (isBroken) throw new Error('no headers yet');
      return {};
    };
    const client = openClient(wire, { headers });
    const told: unknown[] = [];
    client.onError(({ error, during }) => {
      told.push([(error as Error).message, during]);
      isBroken = false;
    });
    client.connect();
    await wire.socket(0);
    expect(told).toEqual([['no headers yet', undefined]]);
  });

  test('the connection is a store: one object until something changes', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const states: string[] = [];
    const stop = client.connection.subscribe(({ state, reason }) => states.push(`${state}: ${reason}`));
    expect(client.connection.get()).toBe(client.connection.get());
    client.connect();
    await (await wire.socket(0)).accept();
    await until(() => client.connection.get().state === 'live', 'the state live');
    expect([...new Set(states)]).toEqual(['connecting: started', 'connecting: authenticated', 'live: caught-up']);
    stop();
    client.close();
    expect(client.connection.get()).toMatchObject({ state: 'offline', reason: 'stopped' });
    expect(states.length).toBe(new Set(states).size + 2);
  });

  test('401 means signed out, and connect tries again', async () => {
    const wire = await startWire();
    const { answer } = wire;
    wire.answer = () => ({ status: 401 });
    const client = openClient(wire);
    client.connect();
    await until(() => client.connection.get().state === 'signed-out', 'the state signed-out');
    wire.answer = answer;
    client.connect();
    await (await wire.socket(0)).accept();
  });

  test.each([
    ['503', { status: 503 }],
    ['a page instead of JSON', { status: 200, body: undefined }],
    ['JSON of another shape', { status: 200, body: { token: 7 } }],
    ['null', { status: 200, body: null }],
    ['no place for the own log', { status: 200, body: { token: 't', user: 'ada', at: {}, refused: [] } }],
  ])('a token endpoint that answers %s is asked again', async (_, bad) => {
    const wire = await startWire();
    const { answer } = wire;
    wire.answer = () => bad;
    const client = openClient(wire);
    client.connect();
    await until(() => client.connection.get().reason === 'token-unavailable', 'the first answer');
    wire.answer = answer;
    await (await wire.socket(0)).accept();
  });

  test('a token endpoint that says nothing is given 10 s', async () => {
    const clock = createFakeClock();
    const client = openClient(await startWire(), { clock, fetch: () => new Promise(() => {}), random: () => 0.5 });
    client.connect();
    clock.advance(0);
    clock.advance(9_999);
    expect(client.connection.get().state).toBe('connecting');
    clock.advance(1);
    expect(client.connection.get()).toMatchObject({ state: 'offline', reason: 'token-unavailable' });
  });

  test('a client without a WebSocket says so', async () => {
    const client = openClient(await startWire(), { WebSocket: undefined as never });
    expect(() => client.connect()).toThrow(TypeError);
  });

  test('a relative address needs a page', async () => {
    const client = openClient(await startWire(), { url: '/websocket' });
    expect(() => client.on('TASK DONE', () => {})).toThrow(TypeError);
  });

  test('what the WebSocket throws goes to onError, and the client tries again', async () => {
    const wire = await startWire();
    const { WebSocket: Good } = wire.options;
    let attempts = 0;
    class Moody {
      constructor(url: string) {
        if (attempts++ === 0) throw new Error('not today');
        // biome-ignore lint/correctness/noConstructorReturn: the second attempt is a socket as it should be
        return new (Good as NonNullable<typeof Good>)(url);
      }
    }
    const client = openClient(wire, { WebSocket: Moody as never });
    const errors: unknown[] = [];
    client.onError(({ error }) => errors.push(error));
    client.connect();
    await (await wire.socket(0)).accept();
    expect(errors).toEqual([new Error('not today')]);
  });
});

describe('events', () => {
  test('of the user and of everyone reach one handler', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: unknown[] = [];
    client.on('TASK DONE', (text, { log, at, replayed }) => seen.push([text, log, at, replayed]));
    const socket = await wire.socket(0);
    await socket.frame('AUTH');
    socket.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    socket.say('LIVE', { log: 'user/ada', at: 'e:1:' });
    socket.enter('user/ada', 'TASK DONE', 'two', 'e:2:');
    socket.say('LIVE', { log: 'everyone', at: 'e:0:' });
    socket.enter('everyone', 'TASK DONE', 'three', 'e:1:');
    await until(() => seen.length === 3, 'three entries');
    expect(seen).toEqual([
      ['one', 'user/ada', 'e:1:', true],
      ['two', 'user/ada', 'e:2:', false],
      ['three', 'everyone', 'e:1:', false],
    ]);
  });

  test('a reconnect goes on from the last entry', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: string[] = [];
    client.on('TASK DONE', (text) => seen.push(text));
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    await until(() => seen.length === 1, 'an entry');
    socket.close(1001);
    expect(await (await wire.socket(1)).accept()).toEqual({
      token: 'good',
      logs: { everyone: 'e:0:', 'user/ada': 'e:1:' },
    });
    expect(wire.tokenRequests.length).toBe(1);
  });

  test('a stopped handler hears no more, others do', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: string[] = [];
    const handler = (text: string) => seen.push(text);
    const stop = client.on('TASK DONE', handler);
    client.on('TASK DONE', handler);
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'TASK DONE', 'twice', 'e:1:');
    await until(() => seen.length === 2, 'both');
    stop();
    stop();
    socket.enter('user/ada', 'TASK DONE', 'once', 'e:2:');
    await until(() => seen.length === 3, 'the other');
  });

  test('a handler that throws, or whose promise does, stops neither others nor the log', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: string[] = [];
    const failures: unknown[] = [];
    client.on('TASK DONE', () => {
      throw new Error('sync');
    });
    client.on('TASK DONE', async () => {
      throw new Error('async');
    });
    client.on('TASK DONE', (text) => seen.push(text));
    client.onError(({ error, during }) =>
      failures.push([(error as Error).message, during && 'at' in during && during.at]),
    );
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    socket.enter('user/ada', 'TASK DONE', 'two', 'e:2:');
    await until(() => failures.length === 4, 'the failures');
    expect(seen).toEqual(['one', 'two']);
    expect(failures).toEqual(
      expect.arrayContaining([
        ['sync', 'e:1:'],
        ['async', 'e:1:'],
        ['sync', 'e:2:'],
        ['async', 'e:2:'],
      ]),
    );
  });

  test('an error that nobody listens for is thrown as uncaught', async () => {
    const clock = createFakeClock();
    const client = openClient(await startWire(), { clock });
    client.connection.subscribe(() => {
      throw new Error('nobody');
    });
    client.connect();
    expect(() => clock.advance(0)).toThrow('nobody');
  });

  test('an entry that no handler takes moves the position, is counted and goes to onUnhandled', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const unhandled: unknown[] = [];
    client.onUnhandled(({ event, data, log, at }) => unhandled.push([event, data, log, at]));
    client.connect();
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'of tomorrow', 7, 'e:1:');
    await until(() => client.unhandledCount === 1, 'an unhandled entry');
    expect(unhandled).toEqual([['of tomorrow', 7, 'user/ada', 'e:1:']]);
    socket.close(1001);
    expect(await (await wire.socket(1)).accept()).toMatchObject({ logs: { 'user/ada': 'e:1:' } });
  });

  test('a gap is told in its place', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const story: unknown[] = [];
    client.on('TASK DONE', (text) => story.push(text));
    client.onGap(({ log, reason, at }: Gap) => story.push([log, reason, at]));
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    socket.say('GAP', { log: 'user/ada', at: 'e:8:', reason: 'trimmed' });
    socket.enter('user/ada', 'TASK DONE', 'nine', 'e:9:');
    await until(() => story.length === 3, 'three things');
    expect(story).toEqual(['one', ['user/ada', 'trimmed', 'e:8:'], 'nine']);
  });

  test('a handler may close the client: what comes after it is not delivered', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: string[] = [];
    client.on('TASK DONE', (text) => {
      seen.push(text);
      client.close();
    });
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('user/ada', 'TASK DONE', 'one', 'e:1:');
    socket.enter('user/ada', 'TASK DONE', 'two', 'e:2:');
    await until(() => socket.isClosed, 'the end');
    expect(seen).toEqual(['one']);
  });

  test('after close, a new handler does not connect, but connect does', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    client.connect();
    await (await wire.socket(0)).accept();
    client.close();
    client.on('TASK DONE', () => {});
    await nextTurn();
    expect(client.connection.get().reason).toBe('stopped');
    client.connect();
    await (await wire.socket(1)).accept();
  });
});
