import { userLog } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { findVisitor } from '../../examples/observatory/back/visitor.ts';
import { openServer } from '../broker/redis/redis-world.ts';
import { findHealth, runProgram, startGatewayProgram, startProgram } from '../cli/program.ts';
import { startObservatory } from '../support/observatory.ts';
import { until } from '../support/until.ts';

test('a result of the example, on Redis, reaches a screen at a gateway that runs apart', async () => {
  const server = await openServer();
  const desk = await startObservatory({ FLOW_BROKER: server.url });
  const gateway = await startGatewayProgram(['--development', '--broker', server.url]);
  const [cookie = ''] = (await fetch(desk.url)).headers.getSetCookie();
  const user = findVisitor(cookie) ?? '';
  const screen = startProgram(['watch', user, '--gateway', gateway.url, '--development']);
  await until(() => screen.stderr.includes('live\n'), 'the screen to be live', 30_000);
  const answer = await fetch(`${desk.url}/light-curves/samples/sunspots`, { method: 'POST', headers: { cookie } });
  expect(answer.status).toBe(202);
  await until(() => screen.stdout.includes('run/ended'), `the result; it saw:\n${screen.stdout}`, 60_000);
  const lines = screen.stdout.split('\n').map((line) => line.split('  '));
  const told = lines.filter(([, log]) => log === userLog(user)); // news, said to everyone, comes when the feed was read
  const events = told.map(([, , , event]) => event);
  expect([events[0], events.at(-1)]).toEqual(['run/queued', expect.stringMatching(/run\/ended|TASK DONE/)]);
  expect(new Set(told.map(([, , place]) => place)).size).toBe(told.length);
  await until(() => findHealth(gateway.url), 'the gateway to be well', 30_000);
}, 120_000);

test('message-flow check says that Redis works, or why not, and shows no password', async () => {
  const server = await openServer({ password: 'hunter2' });
  const check = async (password: string) => {
    const { stdout } = await runProgram(['check', '--broker', `redis://:${password}@127.0.0.1:${server.port}`]);
    return stdout.split('\n').find((line) => line.startsWith('broker'));
  };
  const [right, wrong] = [await check('hunter2'), await check('hunter3')];
  expect(right).toMatch(/^broker +ok +redis:\/\/…@127\.0\.0\.1:\d+$/);
  expect(wrong).toMatch(/^broker +failed .*WRONGPASS/);
  expect(`${right}${wrong}`).not.toContain('hunter');
});
