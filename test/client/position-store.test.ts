import type { PositionStorage } from 'message-flow/client';
import type { LogName } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { createPositionStore } from '../../src/client/position-store.ts';
import type { FollowedLog, Positions } from '../../src/client/session-event.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createFakeStorage } from './fake-page.ts';
import { ALL, at, ME, PROJECT } from './session-driver.ts';

const KEY = 'message-flow:/flow:ada';
const RUN = 'run/ada/transcribe/r1' as LogName;
const STORE = 'store/board/b1' as LogName;

function createFixture(storage: PositionStorage | null = createFakeStorage(), begin?: Positions) {
  const clock = createFakeClock();
  const logs = new Map<LogName, FollowedLog>();
  const put = (log: LogName, position: FollowedLog['position']) => logs.set(log, { log, position, isLive: true });
  const store = createPositionStore({ storage, at: begin, page: null, flow: '/flow', clock }, logs);
  return { clock, logs, put, store };
}

test('positions are kept by user', () => {
  const storage = createFakeStorage();
  const { put, store } = createFixture(storage);
  store.restore('ada');
  put(ME, at(7));
  store.save();
  expect(createFixture(storage).store.restore('ada')).toEqual({ [ME]: at(7) });
  expect(createFixture(storage).store.restore('bob')).toEqual({});
});

test('runs and stores are not kept: they begin at their start, or a snapshot', () => {
  const storage = createFakeStorage();
  const { put, store } = createFixture(storage);
  store.restore('ada');
  for (const log of [ALL, PROJECT, RUN, STORE]) put(log, at(1));
  store.save();
  expect(Object.keys(JSON.parse(storage.getItem(KEY) ?? ''))).toEqual([ALL, PROJECT]);
});

test('a busy page writes once a second', () => {
  const storage = createFakeStorage();
  const { clock, put, store } = createFixture(storage);
  store.restore('ada');
  for (let i = 1; i <= 100; i++) {
    put(ME, at(i));
    store.saveSoon();
    clock.advance(100);
  }
  expect(storage.writeCount).toBeLessThanOrEqual(10);
  expect(storage.writeCount).toBeGreaterThanOrEqual(9);
});

test('a save now takes the place of the one to come', () => {
  const storage = createFakeStorage();
  const { clock, store } = createFixture(storage);
  store.restore('ada');
  store.saveSoon();
  store.save();
  expect(clock.timerCount).toBe(0);
});

test('a view that opens late still finds its position, though others were written meanwhile', () => {
  const storage = createFakeStorage({ [KEY]: JSON.stringify({ [PROJECT]: at(5) }) });
  const { put, store } = createFixture(storage);
  store.restore('ada');
  put(ME, at(7));
  store.save();
  expect(store.restore('ada')).toMatchObject({ [PROJECT]: at(5) });
  expect(JSON.parse(storage.getItem(KEY) ?? '')).toEqual({ [PROJECT]: at(5), [ME]: at(7) });
});

test('a log that the page left is forgotten', () => {
  const { put, logs, store } = createFixture();
  store.restore('ada');
  put(PROJECT, at(5));
  store.save();
  logs.delete(PROJECT);
  store.forget(PROJECT);
  expect(store.restore('ada')).toEqual({});
});

test('a user who changes finds what was kept of them; the other keeps theirs', () => {
  const storage = createFakeStorage({ 'message-flow:/flow:bob': JSON.stringify({ [ALL]: at(2) }) });
  const { put, store } = createFixture(storage);
  store.restore('ada');
  put(ALL, at(9));
  expect(store.restore('bob')).toEqual({ [ALL]: at(2) });
  expect(JSON.parse(storage.getItem(KEY) ?? '')).toEqual({ [ALL]: at(9) });
});

test('a page that a server rendered begins where that was, not where the tab was before', () => {
  const storage = createFakeStorage({ [KEY]: JSON.stringify({ [ME]: at(7), [PROJECT]: at(5) }) });
  const { put, store } = createFixture(storage, { [ME]: at(9), [ALL]: at(2) });
  expect(store.restore('ada')).toEqual({ [ME]: at(9), [ALL]: at(2), [PROJECT]: at(5) });
  put(ALL, at(4));
  store.save();
  expect(store.restore('ada')).toMatchObject({ [ALL]: at(4) });
});

test('what a server rendered is of the first user only', () => {
  const { put, store } = createFixture(createFakeStorage(), { [ALL]: at(2) });
  store.restore('ada');
  put(ALL, at(4));
  expect(store.restore('bob')).toEqual({});
  expect(store.restore('ada')).toEqual({ [ALL]: at(4) });
});

test('a duplicated tab goes on from the copy, and writes to its own', () => {
  const first = createFakeStorage();
  const one = createFixture(first);
  one.store.restore('ada');
  one.put(ME, at(7));
  one.store.save();
  const copy = createFakeStorage({ [KEY]: first.getItem(KEY) ?? '' });
  const two = createFixture(copy);
  expect(two.store.restore('ada')).toEqual({ [ME]: at(7) });
  two.put(ME, at(8));
  two.store.save();
  expect(JSON.parse(first.getItem(KEY) ?? '')).toEqual({ [ME]: at(7) });
});

describe('a storage that fails does no harm', () => {
  const broken = () => {
    throw new Error('QuotaExceededError');
  };

  test('when it is full', () => {
    const { put, store } = createFixture({ getItem: () => null, setItem: broken });
    expect(store.restore('ada')).toEqual({});
    put(ME, at(1));
    expect(() => store.save()).not.toThrow();
  });

  test('when it may not be read', () => {
    expect(createFixture({ getItem: broken, setItem: broken }).store.restore('ada')).toEqual({});
  });

  test('when the page may not even look for it', () => {
    const page = {
      document: { visibilityState: 'visible' },
      addEventListener() {},
      removeEventListener() {},
      get sessionStorage(): PositionStorage {
        throw new Error('SecurityError');
      },
    };
    const store = createPositionStore({ page, flow: '/flow', clock: createFakeClock() }, new Map());
    expect(store.restore('ada')).toEqual({});
    expect(() => store.save()).not.toThrow();
  });

  test('when there is none', () => {
    const { store } = createFixture(null);
    expect(store.restore('ada')).toEqual({});
    expect(() => store.save()).not.toThrow();
  });

  test.each(['', '{', '7', 'null', '[]', '"text"'])('when someone else wrote %j', (text) => {
    expect(createFixture(createFakeStorage({ [KEY]: text })).store.restore('ada')).toEqual({});
  });
});
