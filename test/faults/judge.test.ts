import { EVERYONE, formatPosition, tagOf } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import type { Fact } from '../simulation/history.ts';
import { type Gaps, judgeRun, type Outcome } from './judge.ts';
import type { Restart } from './run-record.ts';

const [log, follower] = [EVERYONE, 'screen 1'];

function at(offset: number, key = '', epoch = 'e1') {
  return formatPosition({ epoch, offset, tag: key === '' ? '' : tagOf(key) });
}

/** An entry that is said, acknowledged and delivered, at the milliseconds from `ms` on. */
function say(ms: number, offset: number, key = `k${offset}`, epoch = 'e1'): Fact[] {
  return [
    { type: 'invoked', ms, log, key },
    { type: 'acknowledged', ms: ms + 1, log, key, at: at(offset, key, epoch) },
    { type: 'delivered', ms: ms + 2, follower, log, key, at: at(offset, key, epoch) },
  ];
}

const BEGUN: Fact[] = [
  { type: 'kept', ms: 0, log, cause: 'created', after: at(0), top: at(0) },
  { type: 'followed', ms: 1, follower, log, from: at(0) },
];
const RESTARTED: Fact = {
  type: 'kept',
  ms: 100,
  log,
  cause: 'restarted',
  after: at(0, '', 'e2'),
  top: at(0, '', 'e2'),
};
const TOLD: Fact = { type: 'gap', ms: 110, follower, log, at: at(0, '', 'e2'), reason: 'reset' };
const HEALED: Fact = { type: 'healed', ms: 999 };
const EMPTY: Restart = { ms: 100, log, keys: new Set() };

function judge(
  history: Fact[],
  {
    restarts = [],
    marks = [],
    keeping = 'all',
    gaps = 'what-was-lost',
  }: Partial<{
    restarts: Restart[];
    marks: number[];
    keeping: 'all' | 'nothing';
    gaps: Gaps;
  }> = {},
): Outcome {
  return judgeRun([...BEGUN, ...history, HEALED], { restarts, marks }, { keeping, gaps });
}

test('a run in which nothing is wrong has no fault', () => {
  expect(judge([...say(10, 1), ...say(20, 2)], { gaps: 'none' }).faults).toEqual([]);
});

test('a run in which an entry is missing has one', () => {
  const history = [...say(10, 1), ...say(20, 2), ...say(30, 3)].filter(({ ms }) => ms !== 22);
  expect(judge(history).faults).toEqual([expect.stringMatching(/^lost: everyone of screen 1: k2/)]);
});

test('a run in which nothing was delivered proves nothing', () => {
  expect(judge([]).faults).toEqual(['nothing was delivered, so nothing is proven']);
});

test('what an engine forgot though it keeps all is a fault, told or not', () => {
  const history = [...say(10, 1), RESTARTED, TOLD, ...say(200, 1, 'x1', 'e2')];
  expect(judge(history, { restarts: [EMPTY] })).toMatchObject({
    forgottenCount: 1,
    untoldCount: 0,
    faults: ['forgotten: 1 acknowledged entries'],
  });
  expect(judge(history, { restarts: [EMPTY], keeping: 'nothing' }).faults).toEqual([]);
});

test('who had seen what was forgotten, and is told nothing, is counted', () => {
  const history = [...say(10, 1), RESTARTED];
  expect(judge(history, { restarts: [EMPTY], keeping: 'nothing' }).untoldCount).toBe(1);
});

test('what was forgotten once is not counted again at the next restart', () => {
  const history = [...say(10, 1), RESTARTED, TOLD, ...say(200, 1, 'x1', 'e2')];
  const restarts = [EMPTY, { ms: 150, log, keys: new Set<string>() }];
  expect(judge(history, { restarts, keeping: 'nothing' }).forgottenCount).toBe(1);
});

test('a gap too many is a fault, and so is one too few', () => {
  const history = [...say(10, 1), RESTARTED, TOLD, ...say(200, 1, 'x1', 'e2')];
  expect(judge(history, { gaps: 'one' }).faults).toEqual([]);
  expect(judge(history, { gaps: 'none' }).faults).toEqual(['gaps: everyone of screen 1: 1 were told, not 0']);
  expect(judge(say(10, 1), { gaps: 'one' }).faults).toEqual(['gaps: everyone of screen 1: 0 were told, not 1']);
});

test('recovery counts from the mark to the first entry that was said after it', () => {
  expect(judge([...say(10, 1), ...say(50, 2)], { marks: [30] }).recoveriesMs).toEqual([22]);
});
