import { FlowError } from 'message-flow/backend';
import { EVERYONE, MAX_ENTRY_BYTES } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { createTestFlow, readLog } from './fixture.ts';

/** Calls `send` as JavaScript may: without types. */
function sendUntyped(
  flow: ReturnType<typeof createTestFlow>['flow'],
  event: string,
  payload?: unknown,
): Promise<unknown> {
  return (flow.everyone.send as (event: string, payload: unknown) => Promise<unknown>)(event, payload);
}

test('what the schema makes of a payload is what travels', async () => {
  const { flow } = createTestFlow();
  await sendUntyped(flow, 'shipped', { orderId: 'o1', at: 0, extra: 'dropped' });
  const [entry] = await readLog(flow.broker, EVERYONE);
  expect(entry).toEqual({ event: 'shipped', data: { orderId: 'o1', at: '1970-01-01T00:00:00.000Z' } });
});

test('a payload of undefined travels as null', async () => {
  const { flow } = createTestFlow();
  await flow.everyone.send('tick');
  expect(await readLog(flow.broker, EVERYONE)).toEqual([{ event: 'tick', data: null }]);
});

test.each([
  ['at once', 'shipped', { orderId: 1, at: 0 }, 'orderId'],
  ['asynchronously', 'slow', 'wrong', 'payload'],
])('a payload refused %s rejects, naming the event and where it is wrong', async (_, event, payload, path) => {
  const { flow } = createTestFlow();
  const error = await sendUntyped(flow, event, payload).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FlowError);
  expect(error).toMatchObject({ code: 'invalid-payload', cause: [{ message: expect.any(String) }] });
  expect((error as Error).message).toContain(`"${event}"`);
  expect((error as Error).message).toContain(`"${path}"`);
  expect(await readLog(flow.broker, EVERYONE)).toEqual([]);
});

test('a schema that throws is an invalid payload with that cause', async () => {
  const { flow } = createTestFlow();
  await expect(sendUntyped(flow, 'broken')).rejects.toMatchObject({
    code: 'invalid-payload',
    cause: new Error('broken'),
  });
  await expect(sendUntyped(flow, 'breaks late')).rejects.toMatchObject({ code: 'invalid-payload' });
});

test('262,144 encoded bytes pass, one more is "too-large"', async () => {
  const { flow } = createTestFlow();
  const text = 'é'.repeat(MAX_ENTRY_BYTES / 2 - 1);
  await expect(flow.everyone.send('TASK DONE', text)).resolves.toBeDefined();
  await expect(flow.everyone.send('TASK DONE', `${text}x`)).rejects.toMatchObject({ code: 'too-large' });
});

test('a payload without JSON rejects with a TypeError', async () => {
  const { flow } = createTestFlow();
  await expect(flow.everyone.send('anything', 1n)).rejects.toThrow(TypeError);
});

test.each(['TASK DOEN', 'toString'])(
  'an event that the contract has not, "%s", rejects with a RangeError',
  async (event) => {
    const { flow } = createTestFlow();
    await expect(sendUntyped(flow, event, 'x')).rejects.toThrow(RangeError);
  },
);

test('a payload changed after a send is sent as it was', async () => {
  const { flow } = createTestFlow();
  const payload = { text: 'before' };
  const sent = flow.everyone.send('anything', payload);
  payload.text = 'after';
  await sent;
  expect(await readLog(flow.broker, EVERYONE)).toEqual([{ event: 'anything', data: { text: 'before' } }]);
});
