import { FlowError } from 'message-flow/backend';
import { BrokerError, createMemoryBroker } from 'message-flow/broker';
import { userLog } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { createTestFlow, nextTurn, readLog } from './fixture.ts';
import { createHeldBroker } from './held-broker.ts';

const ADA = userLog('ada');

function createHeldFlow() {
  const clock = createFakeClock();
  const { broker, held } = createHeldBroker();
  return { ...createTestFlow({ broker, clock }), clock, held };
}

describe('a send', () => {
  test('resolves to the position that the broker gave', async () => {
    const { flow } = createTestFlow();
    const { at } = await flow.user('ada').send('TASK DONE', 'one');
    expect(at).toBe((await flow.broker.tops([ADA])).get(ADA));
  });

  test('resolves to null where the engine does not tell the place', async () => {
    const { flow } = createTestFlow({ broker: { ...createMemoryBroker(), append: async () => null } });
    expect(await flow.everyone.send('TASK DONE', 'one')).toEqual({ at: null });
  });

  test('with a key said before gives the first position and adds nothing', async () => {
    const { flow } = createTestFlow();
    const first = await flow.user('ada').send('TASK DONE', 'one', { key: 'k' });
    expect(await flow.user('ada').send('TASK DONE', 'one', { key: 'k' })).toEqual(first);
    expect(await readLog(flow.broker, ADA)).toHaveLength(1);
  });

  test('without a key is a message of its own', async () => {
    const { flow } = createTestFlow();
    await flow.user('ada').send('TASK DONE', 'one');
    await flow.user('ada').send('TASK DONE', 'one');
    expect(await readLog(flow.broker, ADA)).toHaveLength(2);
  });

  test.each([
    ['empty', ''],
    ['over 128 bytes', 'é'.repeat(65)],
  ])('whose key is %s rejects with a RangeError', async (_, key) => {
    const { flow } = createTestFlow();
    await expect(flow.everyone.send('TASK DONE', 'one', { key })).rejects.toThrow(RangeError);
    await expect(flow.everyone.send('TASK DONE', 'one', { key: 'é'.repeat(64) })).resolves.toBeDefined();
  });

  test('whose key is a number rejects with what to give', async () => {
    const { flow } = createTestFlow();
    const sent = flow.everyone.send('TASK DONE', 'one', { key: 7 as never });
    await expect(sent).rejects.toThrow('Cannot send "TASK DONE": its key is number, not a string');
  });

  test('leaves no timer behind', async () => {
    const clock = createFakeClock();
    const { flow } = createTestFlow({ clock });
    await flow.everyone.send('TASK DONE', 'one');
    await flow.everyone.send('TASK DONE', 'one', { key: '' }).catch(() => {});
    expect(clock.timerCount).toBe(0);
  });
});

describe('order', () => {
  test('is that of the calls, however long a payload is checked', async () => {
    const { flow } = createTestFlow();
    const user = flow.user('ada');
    await Promise.all([user.send('slow', 'one'), user.send('TASK DONE', 'two'), user.send('slow', 'three')]);
    expect((await readLog(flow.broker, ADA)).map(({ data }) => data)).toEqual(['one', 'two', 'three']);
  });

  test('is not held up by a payload that turns out wrong', async () => {
    const { flow } = createTestFlow();
    const wrong = flow.user('ada').send('slow', 'wrong');
    await flow.user('ada').send('TASK DONE', 'two');
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-payload' });
    expect(await readLog(flow.broker, ADA)).toEqual([{ event: 'TASK DONE', data: 'two' }]);
  });

  test('holds in a burst of thousands', async () => {
    const { flow } = createTestFlow({ broker: createMemoryBroker({ messages: { maxEntries: 10_000 } }) });
    const numbers = Array.from({ length: 5_000 }, (_, i) => i);
    await Promise.all(numbers.map((n) => flow.user('ada').send('anything', n)));
    expect((await readLog(flow.broker, ADA)).map(({ data }) => data)).toEqual(numbers);
  });

  test('keeps one append in flight a log, and other logs apart', async () => {
    const { flow, held } = createHeldFlow();
    const sends = [
      flow.user('ada').send('TASK DONE', 'one'),
      flow.user('ada').send('TASK DONE', 'two'),
      flow.user('bob').send('TASK DONE', 'three'),
    ];
    expect(held.map(({ entry }) => entry.data)).toEqual(['"one"', '"three"']);
    await held[0]?.answer();
    await nextTurn();
    expect(held.map(({ entry }) => entry.data)).toEqual(['"one"', '"three"', '"two"']);
    await Promise.all(held.slice(1).map((append) => append.answer()));
    await Promise.all(sends);
  });
});

describe('while the broker is away', () => {
  test('a send rejects with "unavailable" after 2 s, not before', async () => {
    const { flow, clock } = createHeldFlow();
    let error: unknown;
    void flow.everyone.send('TASK DONE', 'one').catch((reason) => {
      error = reason;
    });
    clock.advance(1_999);
    await nextTurn();
    expect(error).toBeUndefined();
    clock.advance(1);
    await nextTurn();
    expect(error).toBeInstanceOf(FlowError);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('may yet be stored') });
  });

  test('a send that nobody awaits raises nothing, but is counted and reported', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const { flow, clock, events } = createHeldFlow();
    flow.user('ada').send('TASK DONE', 'one');
    flow.user('ada').send('slow', 'wrong');
    flow.revoke({ user: 'ada' });
    clock.advance(2_000);
    await nextTurn();
    await nextTurn();
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    expect(flow.stats()).toMatchObject({ sent: 0, failed: 3 });
    expect(events.map(({ type }) => type)).toEqual(['send-failed', 'send-failed', 'send-failed']);
  });

  test('an append that timed out holds its log until the engine answers, and is then counted as late', async () => {
    const { flow, clock, held, events } = createHeldFlow();
    const first = flow.user('ada').send('TASK DONE', 'one');
    clock.advance(2_000);
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    const second = flow.user('ada').send('TASK DONE', 'two');
    await nextTurn();
    expect(held).toHaveLength(1);
    clock.advance(500);
    await held[0]?.answer();
    await nextTurn();
    await held[1]?.answer();
    await second;
    expect((await readLog(flow.broker, ADA)).map(({ data }) => data)).toEqual(['one', 'two']);
    expect(flow.stats()).toEqual({ sent: 1, failed: 1, late: 1, queuedEntries: 0, queuedBytes: 0 });
    expect(events.at(-1)).toEqual({ type: 'send-late', log: ADA, event: 'TASK DONE', afterMs: 2_500 });
  });

  test('a send that timed out before its append began is never stored', async () => {
    const { flow, clock, held } = createHeldFlow();
    const sends = [flow.user('ada').send('TASK DONE', 'one'), flow.user('ada').send('TASK DONE', 'two')];
    clock.advance(1_000);
    const later = flow.user('ada').send('TASK DONE', 'three');
    clock.advance(1_000);
    const [, second] = await Promise.allSettled(sends);
    expect(second).toMatchObject({ reason: { message: expect.stringContaining('was not stored') } });
    await held[0]?.answer();
    await nextTurn();
    await held[1]?.answer();
    await later;
    expect((await readLog(flow.broker, ADA)).map(({ data }) => data)).toEqual(['one', 'three']);
  });

  test('a payload that is checked for ever gives up its place after 2 s', async () => {
    const { flow, clock } = createHeldFlow();
    const first = flow.user('ada').send('endless', 'one');
    const second = flow.user('ada').send('TASK DONE', 'two');
    clock.advance(1_999);
    await nextTurn();
    expect(flow.stats()).toMatchObject({ queuedEntries: 2, failed: 0 });
    clock.advance(1);
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    await expect(second).rejects.toMatchObject({ code: 'unavailable' });
    expect(flow.stats()).toMatchObject({ failed: 2 });
  });

  test('a payload whose check ends too late is not stored, and counts for nothing', async () => {
    const { flow, clock, held } = createHeldFlow();
    const late = flow.user('ada').send('slow', 'one');
    clock.advance(2_000);
    const next = flow.user('ada').send('slow', 'two');
    await expect(late).rejects.toMatchObject({ code: 'unavailable' });
    while (held.length === 0) await nextTurn();
    await held[0]?.answer();
    await next;
    expect((await readLog(flow.broker, ADA)).map(({ data }) => data)).toEqual(['two']);
    expect(flow.stats()).toMatchObject({ queuedEntries: 0, queuedBytes: 0 });
  });

  test('the same key may be said again: the entry is there once', async () => {
    const { flow, clock, held } = createHeldFlow();
    const first = flow.user('ada').send('TASK DONE', 'one', { key: 'k' });
    clock.advance(2_000);
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    const again = flow.user('ada').send('TASK DONE', 'one', { key: 'k' });
    await held[0]?.answer();
    await nextTurn();
    await held[1]?.answer();
    await again;
    expect(await readLog(flow.broker, ADA)).toHaveLength(1);
  });

  test('more than 1 MiB for one log is "overloaded", and other logs go on', async () => {
    const { flow, held } = createHeldFlow();
    const payload = 'x'.repeat(262_000);
    const sends = [1, 2, 3, 4].map(() => flow.user('ada').send('TASK DONE', payload));
    await expect(flow.user('ada').send('TASK DONE', payload)).rejects.toMatchObject({ code: 'overloaded' });
    const { queuedBytes } = flow.stats();
    expect(queuedBytes).toBeGreaterThan(4 * 262_000);
    expect(queuedBytes).toBeLessThanOrEqual(1_048_576);
    const other = flow.user('bob').send('TASK DONE', payload);
    for (let i = 0; i < held.length; i++) {
      await held[i]?.answer();
      await nextTurn();
    }
    await Promise.all([...sends, other]);
    expect(flow.stats()).toMatchObject({ queuedEntries: 0, queuedBytes: 0 });
  });

  test('more than 1 MiB is "overloaded" for payloads that are checked asynchronously too', async () => {
    const { flow } = createHeldFlow();
    const sends = [1, 2, 3, 4, 5].map(() => flow.user('ada').send('slow', 'x'.repeat(262_000)));
    await expect(sends[4]).rejects.toMatchObject({ code: 'overloaded' });
    expect(flow.stats().queuedEntries).toBe(4);
  });

  test('more than 64 MiB in all is "overloaded", and what was given up counts until the engine answers', async () => {
    const { flow, clock } = createHeldFlow();
    const payload = 'x'.repeat(262_000);
    for (let i = 0; i < 256; i++) flow.user(`user ${i}`).send('TASK DONE', payload);
    await expect(flow.user('one more').send('TASK DONE', payload)).rejects.toMatchObject({ code: 'overloaded' });
    clock.advance(2_000);
    await expect(flow.user('one more').send('TASK DONE', payload)).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('when the broker fails', () => {
  test.each(['unavailable', 'refused', 'closed'] as const)('"%s" is handed on with its cause', async (code) => {
    const { flow, held } = createHeldFlow();
    const send = flow.everyone.send('TASK DONE', 'one');
    const cause = new BrokerError(code, 'Cannot append');
    held[0]?.fail(cause);
    await expect(send).rejects.toMatchObject({ name: 'FlowError', code, cause });
  });

  test('what it throws at once is a rejection like any other, and the next send goes on', async () => {
    const memory = createMemoryBroker();
    let isBroken = true;
    const append: typeof memory.append = (log, entry) => {
      if (isBroken) throw new Error('broken');
      return memory.append(log, entry);
    };
    const { flow } = createTestFlow({ broker: { ...memory, append } });
    await expect(flow.everyone.send('TASK DONE', 'one')).rejects.toMatchObject({ code: 'unavailable' });
    isBroken = false;
    await expect(flow.everyone.send('TASK DONE', 'two')).resolves.toBeDefined();
  });
});

describe('closing', () => {
  test('waits for the sends under way and takes no more', async () => {
    const { flow, held } = createHeldFlow();
    const send = flow.everyone.send('TASK DONE', 'one');
    let isClosed = false;
    const closing = flow.close().then(() => {
      isClosed = true;
    });
    await expect(flow.everyone.send('TASK DONE', 'two')).rejects.toMatchObject({ code: 'closed' });
    expect(isClosed).toBe(false);
    await held[0]?.answer();
    await send;
    await closing;
  });

  test('ends once the sends have timed out', async () => {
    const { flow, clock } = createHeldFlow();
    flow.everyone.send('TASK DONE', 'one');
    const closing = Promise.all([flow.close(), flow.close()]);
    clock.advance(2_000);
    await closing;
  });
});
