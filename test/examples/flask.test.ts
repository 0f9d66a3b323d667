import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { waitForText } from '../support/desk-page.ts';
import { openMinimal } from '../support/minimal-page.ts';
import { createPython, type Python } from '../support/python.ts';
import { until } from '../support/until.ts';
import {
  FLASK,
  type FlaskSystem,
  openPageClient,
  openSocket,
  type PageClient,
  startFlaskSystem,
} from './flask-system.ts';

const PATIENCE_MS = 40_000;
/** More digits than a double holds. */
const MANY_DIGITS = '123456789012345678901234567890';

let python: Python;
beforeAll(async () => {
  python = await createPython(join(FLASK, 'requirements.txt'));
}, 180_000);
afterAll(() => python?.remove());

describe('a Flask app', { timeout: 120_000 }, () => {
  test('answers at once, and its result comes once, to every screen of its user and to no other', async () => {
    const system = await startFlaskSystem(python);
    const [ada, bob] = [await system.signIn('ada'), await system.signIn('bob')];
    const [first, second, other] = [ada, ada, bob].map((cookie) => openPageClient(system, cookie)) as [
      PageClient,
      PageClient,
      PageClient,
    ];
    await until(() => [first, second, other].every((page) => page.isLive()), 'three pages', PATIENCE_MS);
    const answer = await system.send(ada, 'hello');
    expect(await answer.json()).toEqual({ status: 'OK', data: 'Message submitted for processing' });
    await until(() => first.texts[0] && second.texts[0], 'the result', PATIENCE_MS);
    await system.send(bob, 'of Bob');
    await until(() => other.texts[0], "the other user's result", PATIENCE_MS);
    const ofAda = [expect.stringMatching(/^Message processed, "hello" in [23]\.\d\d seconds$/)];
    expect([first.texts, second.texts]).toEqual([ofAda, ofAda]);
    expect(other.texts).toEqual([expect.stringMatching(/^Message processed, "of Bob"/)]);
  });

  test('lets a page into the channels that it allows, and names those that it refuses', async () => {
    const system = await startFlaskSystem(python);
    const token = await system.askToken(await system.signIn('ada'), {
      logs: ['channel/lobby', 'channel/board', 'everyone'],
    });
    expect(token.status).toBe(200);
    const { user, at, refused } = await token.json();
    expect(user).toBe('ada');
    expect(Object.keys(at).sort()).toEqual(['channel/lobby', 'everyone', 'user/ada']);
    expect(refused).toEqual(['channel/board']);
    const said: string[] = [];
    const { client, isLive } = openPageClient(system, await system.signIn('ada'));
    client.channel('lobby', {}).on('said', (text) => said.push(text));
    await until(isLive, 'the page', PATIENCE_MS);
    await system.publish({ log: 'channel/lobby', id: 'said', data: 'hi' });
    await until(() => said[0], 'the event of the channel', PATIENCE_MS);
  });

  test('serves a store: what one page does shows at once, on the others too, once however often it is said (complaint 25)', async () => {
    const system = await startFlaskSystem(python);
    const cookies = [await system.signIn('ada'), await system.signIn('bob')];
    const [ada, bob] = cookies.map((cookie) => openPageClient(system, cookie).notes) as [
      PageClient['notes'],
      PageClient['notes'],
    ];
    for (const { subscribe } of [ada, bob]) subscribe(() => {});
    const done = ada.dispatch('add', { id: 'a/~', text: 'of Ada' });
    expect(ada.get().sync.pending).toBe(1);
    expect(await done).toEqual({ version: 1 });
    await until(() => bob.get().sync.version === 1, 'the patch', PATIENCE_MS);
    expect(bob.get().state).toEqual({ notes: { 'a/~': 'of Ada' } });
    expect(await bob.dispatch('add', { id: 'b', text: '' })).toEqual({
      refused: { code: 'failed', message: 'A note has an id and 1 to 200 characters' },
    });
    expect(bob.get().state).toEqual({ notes: { 'a/~': 'of Ada' } });
    expect(await bob.dispatch('remove', { id: 'a/~' })).toEqual({ version: 2 });
    await until(() => ada.get().sync.version === 2, 'the patch', PATIENCE_MS);
    expect(ada.get().state).toEqual({ notes: {} });

    const act = async (
      actions: unknown,
      cookie = cookies[0] as string,
      headers: Record<string, string> = {},
      user = 'ada',
    ) => {
      const response = await fetch(`${system.url}/flow/actions`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ log: 'store/notes', user, actions }),
      });
      return [response.status, ((await response.json()) as { answers?: unknown }).answers];
    };
    const action = { id: '1', name: 'add', input: { id: 'c', text: 'c' }, since: 2 };
    expect(await act([action, action])).toEqual([200, [{ version: 3 }, { version: 3 }]]);
    expect(await act([action])).toEqual([200, [{ version: 3 }]]);
    expect(await act([{ ...action, id: '2', name: '__class__' }])).toMatchObject([200, [{ refused: {} }]]);
    const failed = { code: 'failed', message: "Cannot run 'remove': its reducer failed" };
    expect(await act([{ ...action, id: '3', name: 'remove', input: 5 }])).toEqual([200, [{ refused: failed }]]);
    expect(await act([])).toEqual([400, undefined]);
    expect(await act([{ ...action, since: '2' }])).toEqual([400, undefined]);
    expect(await act([action], '')).toEqual([401, undefined]);
    expect(await act([action], cookies[0], {}, 'bob')).toEqual([409, undefined]);
    expect(await act([action], cookies[0], { 'sec-fetch-site': 'cross-site' })).toEqual([403, undefined]);
    await until(() => ada.get().sync.version === 3, 'the patch', PATIENCE_MS);
    const later = (i: number) => ({ ...action, id: `later ${i}`, input: { id: 'd', text: `${i}` } });
    await act(Array.from({ length: 50 }, (_, i) => later(i)));
    expect(await act([action])).toMatchObject([200, [{ refused: { code: 'forgotten' } }]]);
    await until(() => ada.get().state?.notes.d === '49', 'the last', PATIENCE_MS);
    const moved = { ...action, since: 50 };
    await act([
      { ...moved, id: 'out', name: 'remove', input: { id: 'c' } },
      { ...moved, id: 'in' },
    ]);
    await until(() => Object.keys(ada.get().state?.notes ?? {}).join() === 'd,c', 'the order', PATIENCE_MS);
  });

  test('gives no token to whom it should not', async () => {
    const system = await startFlaskSystem(python);
    const cookie = await system.signIn('ada');
    const ask = async (as: string, body: unknown, headers?: Record<string, string>) =>
      (await system.askToken(as, body, headers)).status;
    expect(await ask('', {})).toBe(401);
    expect(await ask(await system.signIn('*'), {})).toBe(401);
    expect(await ask(cookie, {}, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask(cookie, {}, { origin: 'http://elsewhere.example' })).toBe(403);
    expect(await ask(cookie, {}, { origin: 'null' })).toBe(403);
    expect(await ask(cookie, {}, { origin: 'http://[' })).toBe(403);
    expect(await ask(cookie, {}, { 'content-type': 'text/plain' })).toBe(415);
    expect(await ask(cookie, 'no object')).toBe(400);
    expect(await ask(cookie, { logs: [1] })).toBe(400);
    expect(await ask(cookie, { logs: Array.from({ length: 129 }, (_, i) => `channel/${i}`) })).toBe(413);
    expect(await ask(cookie, { logs: ['x'.repeat(100_000)] })).toBe(413);
    const bare = (headers: Record<string, string>) => fetch(`${system.url}/socket_auth_token`, { headers });
    expect((await bare({})).status).toBe(401);
    expect((await bare({ cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(await ask(cookie, {}, { origin: system.url })).toBe(200);
  });

  test('lets in who sends its token as it is', async () => {
    const system = await startFlaskSystem(python);
    const cookie = await system.signIn('ada');
    const { socket, frames } = openSocket(system);
    await until(() => frames.find((frame) => frame.startsWith('{"id": "AUTH REQUEST"')), 'to be asked', PATIENCE_MS);
    socket.send(await getBareToken(system, cookie));
    await until(() => frames.some((frame) => JSON.parse(frame).id === 'AUTH OK'), 'to be let in', PATIENCE_MS);
    await system.send(cookie, 'hello');
    const frame = await until(() => frames.find((text) => text.includes('TASK DONE')), 'the result', PATIENCE_MS);
    expect(JSON.parse(frame)).toMatchObject({ id: 'TASK DONE', data: expect.stringMatching(/^Message processed/) });
  });

  test('reaches by the bus of 2016 a page of then, in the bytes of then, and one of today', async () => {
    const system = await startFlaskSystem(python, { isOld: true });
    const cookie = await system.signIn('ada');
    const page = openPageClient(system, cookie);
    await until(page.isLive, 'the page', PATIENCE_MS);
    const { socket, frames } = openSocket(system);
    await until(() => frames[0], 'to be asked', PATIENCE_MS);
    socket.send(await getBareToken(system, cookie));
    await until(() => frames.includes('{"id": "AUTH OK"}'), 'to be let in', PATIENCE_MS);
    await system.send(cookie, 'hello');
    await until(() => page.texts[0] && frames.length > 2, 'the result', PATIENCE_MS);
    const result = JSON.stringify(page.texts[0]);
    expect(frames).toEqual([
      '{"id": "AUTH REQUEST"}',
      '{"id": "AUTH OK"}',
      `{"username": "ada", "id": "TASK DONE", "data": ${result}}`,
    ]);
  });
});

test('its page works in a browser, under its policy', { timeout: 120_000 }, async () => {
  const system = await startFlaskSystem(python);
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const desk = await openMinimal(browser, system.url);
  await desk.page.getByLabel('Your name').fill('ada');
  await desk.page.getByRole('button', { name: 'Sign in' }).click();
  await waitForText(desk.authenticated, 'Yes');
  await desk.send('<img src=x>');
  await desk.lines('Message processed, "<img src=x>"').waitFor();
  expect(await desk.page.locator('img').count()).toBe(0);
});

describe('while gateways fall', { timeout: 120_000 }, () => {
  test('a page gets every message, once and in order', async () => {
    const system = await startFlaskSystem(python);
    const page = openPageClient(system, await system.signIn('ada'));
    await until(page.isLive, 'the page', PATIENCE_MS);
    for (const [round, number] of ([1, 2, 1] as const).entries()) {
      const first = round * 70;
      const sending = python.run(
        `${begin(system)}
for i in range(${first}, ${first + 70}):
    flow.send('ada', 'TASK DONE', str(i), key=f'job-{i}')
    time.sleep(.02)
while flow.waiting: time.sleep(.01)`,
        FLASK,
      );
      await until(() => page.texts.length > first + 20, 'messages', PATIENCE_MS);
      await system.killGateway(number);
      await sending;
      await until(() => page.texts.length >= first + 70, 'the rest', PATIENCE_MS);
      await system.startGateway(number);
    }
    expect(page.texts).toEqual(Array.from({ length: 210 }, (_, i) => String(i)));
    expect(page.gaps).toEqual([]);
  });

  test('a request is answered although none is there, and its result comes when one is, once', async () => {
    const system = await startFlaskSystem(python);
    const cookie = await system.signIn('ada');
    const page = openPageClient(system, cookie);
    await until(page.isLive, 'the page', PATIENCE_MS);
    await Promise.all([system.killGateway(1), system.killGateway(2)]);
    expect((await system.send(cookie, 'said in the dark')).status).toBe(200);
    expect((await system.askToken(cookie)).status).toBe(503);
    await until(() => system.web.output.includes('it is said again'), 'the app to notice', PATIENCE_MS);
    await system.startGateway(2);
    await until(() => page.texts.some((text) => text.includes('said in the dark')), 'the result', PATIENCE_MS);
    await system.send(cookie, 'the end');
    await until(() => page.texts.some((text) => text.includes('the end')), 'the end', PATIENCE_MS);
    expect(page.texts).toEqual([expect.stringContaining('said in the dark'), expect.stringContaining('the end')]);
    expect(page.gaps).toEqual([]);
  });
});

describe('flow.py', { timeout: 120_000 }, () => {
  test('keeps numbers to the digit, from Python to the frame', async () => {
    const system = await startFlaskSystem(python);
    const { socket, frames } = openSocket(system);
    await until(() => frames[0], 'to be asked', PATIENCE_MS);
    const { token } = await (await system.askToken(await system.signIn('ada'))).json();
    socket.send(token);
    await until(() => frames.some((frame) => JSON.parse(frame).id === 'AUTH OK'), 'to be let in', PATIENCE_MS);
    await python.run(
      `${begin(system)}
flow.send('ada', 'measured', {'flux': ${MANY_DIGITS}, 'error': 1e-7, 'name': 'ü'})
while flow.waiting: time.sleep(.01)`,
      FLASK,
    );
    const frame = await until(() => frames.find((text) => text.includes('measured')), 'the message', PATIENCE_MS);
    expect(frame).toContain(`"data":{"flux": ${MANY_DIGITS}, "error": 1e-07, "name": "\\u00fc"}`);
  });

  test('goes to the next gateway when one is away, or is none at all, and ends no thread over it', async () => {
    const system = await startFlaskSystem(python);
    const none = await openNonsense();
    const said = await python.run(
      `${begin(system, ['http://127.0.0.1:1', 'unix:/nowhere', none])}
for i in range(3): flow.send('ada', 'n', i)
while flow.waiting: time.sleep(.01)
print(flow.read_tops(['user/ada'])['user/ada'].split(':')[1])`,
      FLASK,
    );
    expect(said.trim()).toBe('3');
  });

  test('never waits in send, and drops what is too much, saying so', async () => {
    const said = await python.run(
      `import logging, sys; logging.basicConfig(stream=sys.stdout, level=logging.ERROR)
${begin(undefined, ['unix:/nowhere'])}
for i in range(1100): flow.send('ada', 'n', i)
print(flow.waiting)`,
      FLASK,
    );
    const lines = said.trim().split('\n');
    expect(Number(lines.at(-1))).toBeLessThanOrEqual(1_001);
    expect(lines.slice(0, -1).length).toBeGreaterThanOrEqual(99);
    expect(lines[0]).toContain('Dropped a message');
  });

  test('goes on in the child of a server that forks', async () => {
    const system = await startFlaskSystem(python);
    const said = await python.run(
      `import os
${begin(system)}
flow.send('ada', 'n', 'parent')
while flow.waiting: time.sleep(.01)
if os.fork() == 0:
    flow.send('ada', 'n', 'child')
    while flow.waiting: time.sleep(.01)
    os._exit(0)
os.wait()
print(flow.read_tops(['user/ada'])['user/ada'].split(':')[1])`,
      FLASK,
    );
    expect(said.trim()).toBe('2');
  });

  test('refuses to its caller what is no JSON, and gives up what the gateway will never take', async () => {
    const system = await startFlaskSystem(python);
    const said = await python.run(
      `${begin(system)}
for data in (float('nan'), object()):
    try: flow.send('ada', 'n', data)
    except (TypeError, ValueError): print('refused')
for event in ('AUTH OK', '', 'x' * 200): flow.send('ada', event, None)
flow.send('*', 'n', None)
flow.send('ada', 'n', 'x' * 300_000)
flow.send('ada', 'good', None)
while flow.waiting: time.sleep(.01)
print(flow.read_tops(['user/ada'])['user/ada'].split(':')[1])`,
      FLASK,
    );
    expect(said.trim().split('\n')).toEqual(['refused', 'refused', '1']);
  });

  test('gives up on gateways that answer nothing', async () => {
    const silent = await openSilence();
    const said = await python.run(
      `${begin(undefined, [silent, silent])}
from flow import FlowError
try: flow.read_tops(['everyone'])
except FlowError: print('gave up')`,
      FLASK,
    );
    expect(said.trim()).toBe('gave up');
  });
});

async function getBareToken({ url }: FlaskSystem, cookie: string): Promise<string> {
  return (await fetch(`${url}/socket_auth_token`, { headers: { cookie } })).text();
}

/** Python that makes a Flow: with other gateways first, then those of a system. */
function begin(system: FlaskSystem | undefined, others: readonly string[] = []): string {
  const gateways = [...others, ...(system?.env.FLOW_GATEWAY?.split(' ') ?? [])];
  const args = `secret='', publish_key='${system?.publishKey ?? ''}', gateways=${JSON.stringify(gateways)}`;
  return `import time; from flow import Flow; flow = Flow(${args})`;
}

/** A server that speaks HTTP and is no gateway. */
function openNonsense(): Promise<string> {
  return listen((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n["what"]'));
}

/** A server that accepts and says nothing, as one that was stopped does. */
function openSilence(): Promise<string> {
  return listen(() => {});
}

async function listen(take: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    take(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
