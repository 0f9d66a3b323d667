import { createFlow } from 'message-flow/backend';
import { createMemoryBroker } from 'message-flow/broker';
import { CONTROL, EVERYONE } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { app, createTestFlow, readLog, SECRET } from './fixture.ts';

const authenticate = () => null;

describe('a message', () => {
  test('to a user is kept in the log of that user', async () => {
    const { flow } = createTestFlow();
    await flow.user('a b').send('TASK DONE', 'one');
    expect(await readLog(flow.broker, 'user/a%20b')).toEqual([{ event: 'TASK DONE', data: 'one' }]);
  });

  test('to everyone is kept in the log that all follow', async () => {
    const { flow } = createTestFlow();
    await flow.everyone.send('TASK DONE', 'one');
    expect(await readLog(flow.broker, EVERYONE)).toHaveLength(1);
  });

  test('to a channel is kept in the log that its parameters name', async () => {
    const { flow } = createTestFlow();
    await flow.channel('team/:teamId/room/:roomId', { teamId: 't/1', roomId: 'r' }).send('said', 'hello');
    expect(await readLog(flow.broker, 'channel/team/t%2F1/room/r')).toEqual([{ event: 'said', data: 'hello' }]);
  });

  test.each(['', '*', 'x'.repeat(200)])('to the user "%s" is refused', (user) => {
    const { flow } = createTestFlow();
    expect(() => flow.user(user)).toThrow(RangeError);
  });

  test.each([undefined, null, 7])('to the user %s, who is no string, is refused', (user) => {
    const { flow } = createTestFlow();
    expect(() => flow.user(user as never)).toThrow(TypeError);
  });

  test('to a channel with an empty parameter, or to none of the contract, is refused', () => {
    const { flow } = createTestFlow();
    expect(() => flow.channel('project/:projectId', { projectId: '' })).toThrow(RangeError);
    expect(() => flow.channel('projects/:projectId' as 'project/:projectId', { projectId: 'p' })).toThrow(RangeError);
  });
});

describe('a revocation', () => {
  test.each([{ user: 'ada' }, { session: 's1' }, { token: 'j1' }])(
    'of %o is in the control log, stamped',
    async (target) => {
      const { flow } = createTestFlow({ wallClock: () => 1_700_000_000_123 });
      await flow.revoke(target);
      const [entry] = await readLog(flow.broker, CONTROL);
      expect(entry).toEqual({ event: 'revoke', data: { ...target, before: 1_700_000_000_123 } });
    },
  );

  test.each([{}, { user: '' }, { user: 'ada', session: 's1' }, { user: undefined }])(
    'of %o is refused',
    async (target) => {
      const { flow } = createTestFlow();
      await expect(flow.revoke(target as { user: string })).rejects.toThrow(TypeError);
      expect(await readLog(flow.broker, CONTROL)).toEqual([]);
    },
  );

  test('rejects when the broker does not take it', async () => {
    const { flow } = createTestFlow();
    await flow.broker.close();
    await expect(flow.revoke({ user: 'ada' })).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('closing', () => {
  test('closes a broker that a URL named', async () => {
    const flow = createFlow(app, { broker: 'memory:', single: true, secret: SECRET, authenticate });
    await flow.close();
    await expect(flow.broker.tops([EVERYONE])).rejects.toMatchObject({ code: 'closed' });
  });

  test('leaves a broker open that was given', async () => {
    const { flow } = createTestFlow();
    await flow.close();
    await expect(flow.broker.tops([EVERYONE])).resolves.toBeDefined();
  });
});

describe('a flow is refused', () => {
  const good = { broker: 'memory:', single: true, secret: SECRET, authenticate };
  test.each([
    ['memory: without single', { single: false }],
    ['an unknown broker', { broker: 'carrier-pigeon:' }],
    ['no secret', { secret: undefined }],
    ['a short secret', { secret: 'short' }],
    ["a secret with its file's last line end", { secret: `${SECRET}\n` }],
    ['a base path without a slash', { basePath: 'flow' }],
    ['a base path that ends with a slash', { basePath: '/flow/' }],
    ['tokens for more than 24 hours', { tokenLifetimeMs: 86_400_001 }],
    ['tokens for no time', { tokenLifetimeMs: 0 }],
    ['a send time limit of NaN', { sendTimeoutMs: Number.NaN }],
  ])('with %s', (_, wrong) => {
    expect(() => createFlow(app, { ...good, ...wrong })).toThrow(RangeError);
  });

  test('without authenticate', () => {
    expect(() => createFlow(app, { ...good, authenticate: undefined as never })).toThrow(TypeError);
  });

  test('without a broker, as when its variable is not set', () => {
    expect(() => createFlow(app, { ...good, broker: undefined as never })).toThrow(/broker is undefined, it must be/);
  });

  test('no more in development', async () => {
    const flow = createFlow(app, { broker: 'memory:', development: true, authenticate });
    await expect(flow.everyone.send('TASK DONE', 'one')).resolves.toBeDefined();
    await flow.close();
  });
});

test('a listener that throws stops nothing', async () => {
  const broker = createMemoryBroker();
  await broker.close();
  const onEvent = () => {
    throw new Error('broken listener');
  };
  const { flow } = createTestFlow({ broker, onEvent });
  await expect(flow.everyone.send('TASK DONE', 'one')).rejects.toMatchObject({ code: 'closed' });
});
