import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { SECRET } from './open-gateway.ts';
import { createFolder, runProgram } from './program.ts';

const ENV = { FLOW_SECRET: SECRET };

test('the token alone is on stdout', async () => {
  const { code, stdout, stderr } = await runProgram(['token', 'ada'], { env: ENV });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});

test('it names the user, the session, the channels, and its end', async () => {
  const args = ['token', 'ada', 'channel/project/p1', 'store/board/b1', '--lifetime', '1h', '--session', 's1'];
  const { stdout } = await runProgram(args, { env: ENV, wallClock: () => 1_800_000_000_000 });
  expect(decodeJwt(stdout.trim())).toEqual({
    aud: 'message-flow',
    sub: 'ada',
    sid: 's1',
    jti: expect.any(String),
    iat: 1_800_000_000,
    exp: 1_800_003_600,
    logs: ['channel/project/p1', 'store/board/b1'],
  });
});

test("a run of the user's own needs no listing", async () => {
  const { stdout } = await runProgram(['token', 'ada', 'run/ada/transcribe/1'], { env: ENV });
  expect(decodeJwt(stdout.trim()).logs).toEqual([]);
});

test('the secret is read from a file', async () => {
  const cwd = createFolder({ 'secret.txt': `${SECRET}\n` });
  expect((await runProgram(['token', 'ada', '--secret-file', 'secret.txt'], { cwd })).code).toBe(0);
});

test.each([
  ['129 logs', Array.from({ length: 129 }, (_, i) => `channel/${i}`), 'Cannot list 129 logs: the limit is 128'],
  [
    'too many bytes of names',
    Array.from({ length: 100 }, (_, i) => `channel/${'x'.repeat(150)}${i}`),
    'Cannot list these logs: their names have 15990 bytes, the limit is 11000',
  ],
])('%s are refused', async (_, logs, message) => {
  const { code, stderr } = await runProgram(['token', 'ada', ...logs], { env: ENV });
  expect([code, stderr]).toEqual([2, `message-flow token: ${message}\n`]);
});

test('a user that no log can be named after is refused', async () => {
  const { code, stderr } = await runProgram(['token', 'x'.repeat(300)], { env: ENV });
  expect([code, stderr.startsWith(`message-flow token: Cannot use "${'x'.repeat(40)}…" as a user's id: `)]).toEqual([
    2,
    true,
  ]);
});
