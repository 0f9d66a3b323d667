import { createServer } from 'node:http';
import type { LogName } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { listening } from '../backend/listening.ts';
import { until } from '../support/until.ts';
import { openGateway, PUBLISH_KEY, SECRET } from './open-gateway.ts';
import { createFolder, runProgram, startProgram } from './program.ts';

const KEY = { FLOW_PUBLISH_KEY: PUBLISH_KEY };

test('a message to a user is stored, and its position printed', async () => {
  const { broker, url } = await openGateway();
  const outcome = await runProgram(['send', 'ada', 'TASK DONE', '"hello"', '--gateway', url], { env: KEY });
  const { entries } = await broker.read('user/ada' as LogName, 'start', 10);
  expect(entries.map(({ event, data }) => [event, data])).toEqual([['TASK DONE', '"hello"']]);
  expect(outcome).toEqual({ code: 0, stdout: `${entries[0]?.at}\n`, stderr: '' });
});

test("on a developer's machine no key is asked for", async () => {
  const { url } = await openGateway({ development: true });
  expect((await runProgram(['send', 'ada', 'tick', '1', '--gateway', url])).code).toBe(0);
});

test('the address is where the routes are, with or without a slash at its end', async () => {
  const send = async (gateway: string) =>
    (await runProgram(['send', 'ada', 'tick', '1', '--gateway', gateway], { env: KEY })).code;
  const { url: top } = await openGateway();
  const { url: below } = await openGateway({ basePath: '/gateway' });
  expect(await Promise.all([`${top}/`, `${below}/gateway`, `${below}/gateway/`].map(send))).toEqual([0, 0, 0]);
});

test.each([
  [['--everyone', 'tick', '1'], 'everyone'],
  [['--log', 'channel/project/p%201', 'tick', '1'], 'channel/project/p%201'],
  [['é "x"', 'tick', '1'], 'user/%C3%A9%20%22x%22'],
])('send %j goes to %s', async (args, log) => {
  const { broker, url } = await openGateway();
  await runProgram(['send', ...args, '--gateway', url], { env: KEY });
  expect((await broker.read(log as LogName, 'start', 10)).entries).toHaveLength(1);
});

test.each(['12345678901234567890.10', '-5.20', '{"a": 1e400}', ' [1 , 2] ', 'null'])(
  'the data %j arrives as it was typed',
  async (data) => {
    const { broker, url } = await openGateway();
    await runProgram(['send', 'ada', 'tick', data, '--gateway', url], { env: KEY });
    expect((await broker.read('user/ada' as LogName, 'start', 1)).entries[0]?.data).toBe(data.trim());
  },
);

test('said twice with one key it is stored once', async () => {
  const { broker, url } = await openGateway();
  const send = () => runProgram(['send', 'ada', 'tick', '1', '--key', 'a', '--gateway', url], { env: KEY });
  expect((await send()).stdout).toBe((await send()).stdout);
  expect((await broker.read('user/ada' as LogName, 'start', 10)).entries).toHaveLength(1);
});

test('the key is read from a file', async () => {
  const { url } = await openGateway();
  const cwd = createFolder({ 'key.txt': `${PUBLISH_KEY}\n` });
  const args = ['send', 'ada', 'tick', '1', '--gateway', url, '--publish-key-file', 'key.txt'];
  expect((await runProgram(args, { cwd })).code).toBe(0);
});

/** A server that gives this answer to all. */
async function answerAll(status: number, body: string): Promise<string> {
  return await listening(createServer((_, response) => response.writeHead(status).end(body)));
}

const error = (code: string, message: string) => JSON.stringify({ error: { code, message } });

test.each([
  [
    401,
    error('unauthorized', 'the header must be Authorization: Bearer, with the publish key'),
    "Not sent: the header must be Authorization: Bearer, with the publish key; give the gateway's own by FLOW_PUBLISH_KEY or --publish-key-file",
  ],
  [
    403,
    error('off', 'publishing by HTTP is off: set publishKey'),
    'Not sent: publishing by HTTP is off: set publishKey; start the gateway with a publish key, and give it here by FLOW_PUBLISH_KEY or --publish-key-file',
  ],
  [400, error('reserved-id', '"AUTH" is the protocol\'s own'), 'Not sent: "AUTH" is the protocol\'s own (400)'],
  [200, error('refused', 'too large'), 'Not sent: too large'],
  [
    200,
    error('unavailable', 'the broker did not answer'),
    'Not sent: the broker did not answer; it may be stored or not, say it again with --key k',
  ],
  [500, error('odd', 'bad\u001b[31m\nthing'), 'Not sent: bad\\u001b[31m\\u000athing (500)'],
])('an answer %i %s is told with its mend', async (status, body, message) => {
  const url = await answerAll(status, body);
  const outcome = await runProgram(['send', 'ada', 'tick', '1', '--key', 'k', '--gateway', url]);
  expect(outcome).toEqual({ code: 1, stdout: '', stderr: `message-flow send: ${message}\n` });
});

test.each([
  [404, 'the app'],
  [200, '<html>'],
  [302, ''],
  [200, '{"at": 5}'],
])('an answer %i %j is taken for no gateway', async (status, body) => {
  const url = await answerAll(status, body);
  const { code, stderr } = await runProgram(['send', 'ada', 'tick', '1', '--gateway', url]);
  expect([code, stderr]).toEqual([
    1,
    `message-flow send: No gateway is at ${url}, the answer was ${status}: one alone has its routes at "/", the example at "/gateway"\n`,
  ]);
});

test('an entry whose place the broker does not know is stored', async () => {
  const url = await answerAll(200, '{"at": null}');
  expect(await runProgram(['send', 'ada', 'tick', '1', '--gateway', url])).toEqual({
    code: 0,
    stdout: 'null\n',
    stderr: '',
  });
});

test('where nothing listens, it says what to start', async () => {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await runProgram(['send', 'ada', 'tick', '1', '--gateway', url])).toEqual({
    code: 1,
    stdout: '',
    stderr: `message-flow send: Nothing listens at ${new URL(url).host}: start the example by make, or a gateway by message-flow gateway, or name another by --gateway\n`,
  });
});

test('Ctrl-C ends a send that gets no answer', async () => {
  let isAsked = false;
  const url = await listening(
    createServer(() => {
      isAsked = true;
    }),
  );
  const program = startProgram(['send', 'ada', 'tick', '1', '--gateway', url]);
  await until(() => isAsked, 'the request');
  program.stop();
  const { code, stderr } = await program.ended;
  expect([code, stderr]).toEqual([
    1,
    `message-flow send: Interrupted while asking ${url}/publish: it may have been done or not\n`,
  ]);
});

test('the key follows no redirection', async () => {
  const seen: unknown[] = [];
  const other = await listening(
    createServer(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end();
    }),
  );
  const url = await listening(
    createServer((_, response) => response.writeHead(307, { location: `${other}/publish` }).end()),
  );
  await runProgram(['send', 'ada', 'tick', '1', '--gateway', url], { env: KEY });
  expect(seen).toEqual([]);
});

test('a secret of the configuration that send shares is of no concern to it', async () => {
  const { url } = await openGateway();
  const cwd = createFolder({
    'message-flow.json': JSON.stringify({ secret: SECRET, gateway: url, publishKey: PUBLISH_KEY }),
  });
  expect((await runProgram(['send', 'ada', 'tick', '1'], { cwd })).code).toBe(0);
});
