import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { createFolder, type Outcome, runProgram, startGatewayProgram, startProgram, type World } from './program.ts';

/** In every secret of these tests, so that one search finds any of them, whole or cut. */
const WORD = 'kestrel';
const SECRET = `${WORD}-secret-of-the-tests-0123456789`;
const KEY = `${WORD}-key-of-the-tests`;

function expectNoSecret({ stdout, stderr }: Pick<Outcome, 'stdout' | 'stderr'>): void {
  expect(`${stdout}${stderr}`.toLowerCase()).not.toContain(WORD);
}

const ENV = { FLOW_SECRET: SECRET, FLOW_PUBLISH_KEY: KEY };
/** Too short by one. */
const SHORT = { FLOW_SECRET: `${WORD}-secret`, FLOW_PUBLISH_KEY: WORD };

const files = (text: string) => createFolder({ 'message-flow.json': text, 'secret.txt': SECRET });

test.each<[string, string, () => World]>([
  ['help', 'gateway --help', () => ({ env: ENV })],
  ['secrets that are too short in the environment', 'gateway --single', () => ({ env: SHORT })],
  [
    'secrets that are too short in the file',
    'gateway',
    () => ({ cwd: files(JSON.stringify({ secret: SHORT.FLOW_SECRET })) }),
  ],
  ['a secret of another type', 'token ada', () => ({ cwd: files(JSON.stringify({ secret: { a: SECRET } })) })],
  ['a secret of several, one too short', 'token ada', () => ({ env: { FLOW_SECRET: `${SECRET}\n${WORD}` } })],
  ['a secret beside a wrong option', `token ada --secret ${SECRET} --zebra`, () => ({})],
  ['a misspelt flag with its secret', `token ada --secrte=${SECRET}`, () => ({})],
  [
    'a misspelt key with its secret',
    'token ada --development',
    () => ({ cwd: files(JSON.stringify({ sceret: SECRET })) }),
  ],
  ['a misspelt variable with its secret', 'token ada', () => ({ env: { FLOW_SECERT: SECRET } })],
  ['a secret given twice over', `token ada --secret ${SECRET} --secret-file secret.txt`, () => ({ cwd: files('{}') })],
  ['a file that breaks off in a secret', 'token ada', () => ({ cwd: files(`{"secret": "${SECRET}`) })],
  ['a file that breaks behind a secret', 'token ada', () => ({ cwd: files(`{"secret": ${SECRET}}`) })],
  ['a broken token', 'watch ada', () => ({ env: { FLOW_TOKEN: `${WORD}.${WORD}` } })],
  [
    'a password in a gateway address',
    `send ada tick 1 --gateway http://me:${WORD}@localhost:1/?key=${WORD}`,
    () => ({}),
  ],
  [
    'a password in a broker address',
    `gateway --single --broker redis://me:${WORD}@host?key=${WORD}`,
    () => ({ env: ENV }),
  ],
  ['a gateway that is not there', 'send ada tick 1 --gateway http://localhost:9', () => ({ env: ENV })],
  [
    'a check of all',
    `check --gateway http://localhost:9 --broker redis://me:${WORD}@host?key=${WORD}`,
    () => ({ env: ENV }),
  ],
])('%s shows no secret', async (_, line, world) => {
  expectNoSecret(await runProgram(line.split(' '), world()));
});

test('a gateway that serves, refuses and drains shows no secret', async () => {
  const gateway = await startGatewayProgram(['--single', '--log-level', 'debug'], { env: ENV });
  const common = ['--gateway', gateway.url];
  const watch = startProgram(['watch', 'ada', ...common, '--count', '1'], { env: ENV });
  await until(() => watch.stderr.includes('live'), 'the watcher to be live');
  const outcomes = [
    await runProgram(['send', 'ada', 'tick', '1', ...common], { env: ENV }),
    await runProgram(['send', 'ada', 'tick', '1', ...common], { env: { FLOW_PUBLISH_KEY: `${KEY}-wrong` } }),
    await runProgram(['watch', 'ada', ...common], { env: { FLOW_SECRET: `${SECRET}-wrong` } }),
    await runProgram(['check', ...common], { env: ENV }),
    await watch.ended,
  ];
  const refused = await fetch(`${gateway.url}/publish?key=${KEY}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}x` },
  });
  expect(refused.status).toBe(401);
  gateway.stop();
  outcomes.push(await gateway.ended);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 1, 1, 0, 0, 0]);
  for (const outcome of outcomes) expectNoSecret(outcome);
  const { stdout: token } = await runProgram(['token', 'ada'], { env: ENV });
  for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(token.slice(0, 10)); // every token's head
});
