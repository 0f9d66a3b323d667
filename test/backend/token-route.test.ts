import { createMemoryBroker } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { askToken, createTestFlow, nextTurn, readAnswer, readClaims, readErrorCode, readLog } from './fixture.ts';

const P1 = 'channel/project/p1';
const NOW_MS = 1_700_000_000_123;

function fail(message: string): never {
  throw new Error(message);
}

describe('a token', () => {
  test('says who, until when, and what may be followed', async () => {
    const { flow } = createTestFlow({ wallClock: () => NOW_MS, tokenLifetimeMs: 60_000 });
    flow.allow('project/:projectId', () => true);
    const { token, user, refused } = await readAnswer(await askToken(flow, { logs: [P1] }));
    expect(readClaims(token)).toEqual({
      aud: 'message-flow',
      sub: 'ada',
      sid: 's1',
      jti: expect.any(String),
      iat: NOW_MS / 1_000,
      exp: (NOW_MS + 60_000) / 1_000,
      logs: [P1],
      epoch: flow.broker.epoch,
    });
    expect({ user, refused }).toEqual({ user: 'ada', refused: [] });
  });

  test.each([undefined, {}, { logs: [] }, ''])('asked for with %o is for the own two logs', async (body) => {
    const { flow } = createTestFlow();
    const { token, at, refused } = await readAnswer(await askToken(flow, body));
    expect(readClaims(token).logs).toEqual([]);
    expect(Object.keys(at)).toEqual(['user/ada', 'everyone']);
    expect(refused).toEqual([]);
  });

  test('is older than a revocation that comes while it is made', async () => {
    let nowMs = NOW_MS;
    const authenticate = async () => {
      nowMs += 5;
      await flow.revoke({ user: 'ada' });
      nowMs += 5;
      return { user: 'ada' };
    };
    const { flow } = createTestFlow({ wallClock: () => nowMs, authenticate });
    const { token } = await readAnswer(await askToken(flow));
    const [revocation] = await readLog(flow.broker, 'control');
    expect(revocation).toMatchObject({ data: { before: NOW_MS + 5 } });
    expect(Math.round(readClaims(token).iat * 1_000)).toBe(NOW_MS);
  });

  test('of a new login is newer than a revocation of the same second', async () => {
    let nowMs = NOW_MS;
    const { flow } = createTestFlow({ wallClock: () => nowMs });
    await flow.revoke({ user: 'ada' });
    nowMs += 1;
    const { token } = await readAnswer(await askToken(flow));
    expect(Math.round(readClaims(token).iat * 1_000)).toBe(NOW_MS + 1);
  });
});

describe('positions', () => {
  test('are the ends of the own logs and of what is allowed', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', (_, { projectId }) => projectId === 'p1');
    const { at: mine } = await flow.user('ada').send('TASK DONE', 'one');
    const { at: theirs } = await flow.channel('project/:projectId', { projectId: 'p1' }).send('saved', { path: 'a' });
    const { at } = await readAnswer(await askToken(flow, { logs: [P1, 'channel/project/p2'] }));
    expect(at).toEqual({ 'user/ada': mine, everyone: expect.any(String), [P1]: theirs });
  });

  test('lie before what is sent while a rule is being asked', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', async () => {
      await flow.channel('project/:projectId', { projectId: 'p1' }).send('saved', { path: 'a' });
      return true;
    });
    const { at } = await readAnswer(await askToken(flow, { logs: [P1] }));
    const { entries } = await flow.broker.read(P1 as LogName, at[P1] as Position, 10);
    expect(entries).toHaveLength(1);
  });

  test('that the broker does not give within 2 s are a 503', async () => {
    const clock = createFakeClock();
    const broker = { ...createMemoryBroker(), tops: () => new Promise<never>(() => {}) };
    const { flow, events } = createTestFlow({ broker, clock });
    const asked = askToken(flow);
    while (clock.timerCount === 0) await nextTurn();
    clock.advance(2_000);
    const response = await asked;
    expect(response.status).toBe(503);
    expect(await readErrorCode(response)).toBe('unavailable');
    expect(events.map(({ type }) => type)).toEqual(['tops-failed']);
  });

  test('leave no timer behind', async () => {
    const clock = createFakeClock();
    const { flow } = createTestFlow({ clock });
    await askToken(flow);
    expect(clock.timerCount).toBe(0);
  });

  test('that the broker fails to give are a 503', async () => {
    const { flow } = createTestFlow();
    await flow.broker.close();
    expect((await askToken(flow)).status).toBe(503);
  });
});

describe('a channel', () => {
  test('without a rule is refused', async () => {
    const { flow } = createTestFlow();
    const { token, at, refused } = await readAnswer(await askToken(flow, { logs: [P1] }));
    expect(refused).toEqual([P1]);
    expect(readClaims(token).logs).toEqual([]);
    expect(at).not.toHaveProperty(P1);
  });

  test('is decided by user, session, decoded parameters and the request', async () => {
    const { flow } = createTestFlow();
    const asked: unknown[] = [];
    flow.allow('team/:teamId/room/:roomId', (identity, params, request) => {
      asked.push(identity, params, request.headers.get('cookie'));
      return true;
    });
    await askToken(flow, { logs: ['channel/team/t%2F1/room/r'] }, { cookie: 'sid=1' });
    expect(asked).toEqual([{ user: 'ada', session: 's1' }, { teamId: 't/1', roomId: 'r' }, 'sid=1']);
  });

  test.each<[string, () => Promise<boolean>]>([
    ['throws', () => fail('no database: secret detail')],
    ['rejects', async () => fail('no database: secret detail')],
  ])('whose rule %s makes the answer a 503 without detail, reported', async (_, rule) => {
    const { flow, events } = createTestFlow();
    flow.allow('project/:projectId', rule);
    flow.allow('team/:teamId/room/:roomId', () => true);
    const response = await askToken(flow, { logs: ['channel/team/t/room/r', P1] });
    expect(response.status).toBe(503);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('unavailable');
    expect(error.message).not.toContain('detail');
    expect(events).toMatchObject([{ type: 'allow-failed', log: P1, pattern: 'project/:projectId' }]);
  });

  test('whose rule throws leaves no stray rejection when another throws too, and the broker is away', async () => {
    const { flow, events } = createTestFlow();
    flow.allow('project/:projectId', async () => fail('no database'));
    await flow.broker.close();
    const response = await askToken(flow, { logs: [P1, 'channel/project/p2'] });
    expect(response.status).toBe(503);
    await nextTurn();
    expect(events.map(({ type }) => type).sort()).toEqual(['allow-failed', 'allow-failed', 'tops-failed']);
  });

  test('is refused by anything but true', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', () => ({ isMember: false }) as never);
    expect(await readAnswer(await askToken(flow, { logs: [P1] }))).toMatchObject({ refused: [P1] });
  });

  test('takes one rule, of a pattern that the contract has', () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', () => true);
    expect(() => flow.allow('project/:projectId', () => true)).toThrow(RangeError);
    expect(() => flow.allow('projects/:projectId' as 'project/:projectId', () => true)).toThrow(RangeError);
  });
});

describe('what is asked for', () => {
  test('and is no channel that was allowed is refused by its name, in order', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', () => true);
    const names = [
      'control',
      'user/bob',
      'run/ada/t/n',
      'store/board/b',
      'store/project/p1',
      'channel/other/p',
      'channel/project/a b',
      '',
      '../x',
    ];
    const { refused, token } = await readAnswer(await askToken(flow, { logs: [...names, P1] }));
    expect(refused).toEqual(names);
    expect(readClaims(token).logs).toEqual([P1]);
  });

  test('twice is listed once, and the own logs are not refused', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', () => true);
    const { token, refused } = await readAnswer(await askToken(flow, { logs: [P1, P1, 'user/ada', 'everyone'] }));
    expect(readClaims(token).logs).toEqual([P1]);
    expect(refused).toEqual([]);
  });

  test('may be 128 logs besides the own two, and no more', async () => {
    const { flow } = createTestFlow();
    flow.allow('project/:projectId', () => true);
    const logs = Array.from({ length: 128 }, (_, i) => `channel/project/${i}`);
    expect((await askToken(flow, { logs: ['user/ada', 'everyone', ...logs] })).status).toBe(200);
    const response = await askToken(flow, { logs: [...logs, P1] });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: { code: 'too-large', message: expect.stringContaining('129 logs') },
    });
  });

  test('may have names of 11,000 bytes together, which fit into a token, and no more', async () => {
    const { flow } = createTestFlow({ authenticate: () => ({ user: 'u'.repeat(190), session: 's'.repeat(64) }) });
    flow.allow('project/:projectId', () => true);
    const logs = Array.from({ length: 55 }, (_, i) => `channel/project/${String(i).padEnd(184, 'x')}`);
    expect(logs.join('')).toHaveLength(11_000);
    const { token } = await readAnswer(await askToken(flow, { logs }));
    expect(token.length).toBeLessThanOrEqual(16_384);
    expect((await askToken(flow, { logs: [...logs, 'x'] })).status).toBe(413);
  });

  test('for a session id that does not fit into a token is a 413', async () => {
    const { flow } = createTestFlow({ authenticate: () => ({ user: 'ada', session: 's'.repeat(16_384) }) });
    expect((await askToken(flow)).status).toBe(413);
  });
});

describe('who asks', () => {
  test.each([null, undefined, false] as const)('%o from authenticate is a 401', async (nobody) => {
    const { flow } = createTestFlow({ authenticate: async () => nobody });
    const response = await askToken(flow);
    expect(response.status).toBe(401);
    expect(await readErrorCode(response)).toBe('signed-out');
  });

  test('authenticate that throws is a 500 without detail, reported', async () => {
    const error = new Error('secret detail');
    const { flow, events } = createTestFlow({ authenticate: () => Promise.reject(error) });
    const response = await askToken(flow);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('detail');
    expect(events).toEqual([{ type: 'authenticate-failed', error }]);
  });

  test.each([{ user: '' }, { user: '*' }, { user: 7 }, {}, { user: 'x'.repeat(200) }, { user: 'ada', session: '' }])(
    'authenticate that gives %o is a 500, reported',
    async (identity) => {
      const { flow, events } = createTestFlow({ authenticate: () => identity as { user: string } });
      expect((await askToken(flow)).status).toBe(500);
      expect(events.map(({ type }) => type)).toEqual(['identity-refused']);
    },
  );

  test('authenticate gets the request and what the framework gave', async () => {
    const got: unknown[] = [];
    const { flow } = createTestFlow({
      authenticate: (request, native) => {
        got.push(request.headers.get('cookie'), native);
        return null;
      },
    });
    const native = { session: {} };
    const headers = { 'content-type': 'application/json', cookie: 'sid=1' };
    await flow.handler(new Request('http://app.test/flow/token', { method: 'POST', headers }), native);
    expect(got).toEqual(['sid=1', native]);
  });
});
