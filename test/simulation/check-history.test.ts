import { EVERYONE, formatPosition, type Position, type StartPosition, tagOf } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';
import { checkHistory, type ViolationKind } from './check-history.ts';
import { type Fact, formatHistory, type KeptCause, parseHistory } from './history.ts';

const [ms, log, follower] = [0, EVERYONE, 'screen'];

function at(offset: number, key = `k${offset}`, epoch = 'e1'): Position {
  return formatPosition({ epoch, offset, tag: key === '' ? '' : tagOf(key) });
}

const BEGINNING = at(0, '');

function append(offset: number, key = `k${offset}`, epoch = 'e1'): Fact[] {
  return [
    { type: 'invoked', ms, log, key },
    { type: 'acknowledged', ms, log, key, at: at(offset, key, epoch) },
  ];
}

function appendUpTo(count: number): Fact[] {
  return Array.from({ length: count }, (_, i) => append(i + 1)).flat();
}

function kept(cause: KeptCause, after: Position, top: Position): Fact {
  return { type: 'kept', ms, log, cause, after, top };
}

function follow(from: StartPosition | null): Fact {
  return { type: 'followed', ms, follower, log, from };
}

function deliver(offset: number, key = `k${offset}`, epoch = 'e1'): Fact {
  return { type: 'delivered', ms, follower, log, key, at: at(offset, key, epoch) };
}

function deliverAll(...offsets: number[]): Fact[] {
  return offsets.map((offset) => deliver(offset));
}

function gap(reason: 'trimmed' | 'reset', place: Position): Fact {
  return { type: 'gap', ms, follower, log, at: place, reason };
}

const CREATED = kept('created', BEGINNING, BEGINNING);
const HEALED: Fact = { type: 'healed', ms };

function kindsOf(...history: (Fact | Fact[])[]): ViolationKind[] {
  return [...new Set(checkHistory(history.flat()).violations.map(({ kind }) => kind))];
}

describe('a clean history passes', () => {
  test('when every entry is delivered once and in order', () => {
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(4), deliverAll(1, 2, 3, 4), HEALED)).toEqual([]);
  });

  test('when only acknowledgements tell what the log holds', () => {
    expect(kindsOf(follow('start'), appendUpTo(3), deliverAll(1, 2, 3), HEALED)).toEqual([]);
  });

  test('when what was trimmed lies before a gap', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(5), deliverAll(1), kept('trimmed', at(3), at(5))];
    expect(kindsOf(...history, gap('trimmed', at(3)), deliverAll(4, 5), HEALED)).toEqual([]);
  });

  test('when a rollback reuses places, and a reset comes between', () => {
    const history = [
      CREATED,
      follow(BEGINNING),
      appendUpTo(3),
      deliverAll(1, 2, 3),
      kept('rolled-back', BEGINNING, at(1)),
    ];
    const after = [append(2, 'x2'), gap('reset', at(2, 'x2')), append(3, 'x3'), deliver(3, 'x3')];
    expect(kindsOf(...history, ...after, HEALED)).toEqual([]);
  });

  test('when an epoch ends and its followers are reset to the new one', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(2), deliverAll(1, 2)];
    const restarted = kept('restarted', at(0, '', 'e2'), at(0, '', 'e2'));
    const after = [restarted, gap('reset', at(0, '', 'e2')), append(1, 'y1', 'e2'), deliver(1, 'y1', 'e2')];
    expect(kindsOf(...history, ...after, HEALED)).toEqual([]);
  });

  test('when a screen that left, or is dead, misses what came later', () => {
    const left: Fact = { type: 'unfollowed', ms, follower, log };
    const dead: Fact = { type: 'dead', ms, follower };
    for (const end of [left, dead]) expect(kindsOf(CREATED, follow(BEGINNING), end, appendUpTo(2), HEALED)).toEqual([]);
  });

  test('when an append of unknown outcome appears once, or not at all', () => {
    const unknown = (key: string): Fact[] => [
      { type: 'invoked', ms, log, key },
      { type: 'unknown', ms, log, key },
    ];
    const history = [follow('start'), unknown('k1'), unknown('never'), append(2), deliverAll(1, 2)];
    expect(kindsOf(...history, HEALED)).toEqual([]);
  });

  test('when a page is loaded again and goes on where it was', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(3), deliverAll(1, 2), follow(at(2)), deliver(3), HEALED];
    expect(kindsOf(...history)).toEqual([]);
  });
});

describe('a doctored history fails', () => {
  test('as lost, when an acknowledged entry was passed over', () => {
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(3), deliverAll(1, 3), HEALED)).toEqual(['lost']);
  });

  test('as lost, when what is missing was acknowledged without a place', () => {
    const appended: Fact[] = [
      { type: 'invoked', ms, log, key: 'k1' },
      { type: 'stored', ms, log, key: 'k1', at: at(1) },
      { type: 'stored', ms, log, key: 'k2', at: at(2) },
      { type: 'invoked', ms, log, key: 'k2' },
      { type: 'acknowledged', ms, log, key: 'k1', at: null },
    ];
    expect(kindsOf(CREATED, follow(BEGINNING), appended, deliver(2), HEALED)).toEqual(['lost']);
  });

  test('as lost, when entries were trimmed and nobody said so', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(5), deliverAll(1), kept('trimmed', at(3), at(5))];
    expect(kindsOf(...history, deliverAll(4, 5), HEALED)).toEqual(['lost']);
  });

  test('as lost, when LIVE is said beyond what was delivered', () => {
    const live: Fact = { type: 'live', ms, follower, log, at: at(3) };
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(3), deliver(1), live)).toEqual(['lost']);
  });

  test('as lost and divergent, when a rollback was not told', () => {
    const history = [
      CREATED,
      follow(BEGINNING),
      appendUpTo(3),
      deliverAll(1, 2, 3),
      kept('rolled-back', BEGINNING, at(1)),
    ];
    const after = [append(2, 'x2'), append(3, 'x3'), append(4, 'x4')];
    expect(kindsOf(...history, ...after, deliver(4, 'x4'), HEALED)).toEqual(['lost']);
    expect(kindsOf(...history, ...after, deliver(3, 'x3'), deliver(4, 'x4'), HEALED)).toContain('divergent');
  });

  test('as divergent, when two followers see different entries at one place', () => {
    const other: Fact[] = [
      { type: 'followed', ms, follower: 'other', log, from: 'start' },
      { type: 'invoked', ms, log, key: 'x1' },
      { type: 'delivered', ms, follower: 'other', log, key: 'x1', at: at(1, 'x1') },
    ];
    expect(kindsOf(follow('start'), appendUpTo(1), deliver(1), other)).toContain('divergent');
  });

  test('as duplicated, when an entry comes twice', () => {
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(2), deliverAll(1, 2, 2), HEALED)).toEqual(['duplicated']);
  });

  test('as duplicated, when an append said again was stored again', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(2), append(3, 'k1'), deliverAll(1, 2), deliver(3, 'k1')];
    expect(kindsOf(...history)).toEqual(['duplicated']);
  });

  test('as reordered, when an entry comes after a later one', () => {
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(3), deliverAll(1, 3, 2), HEALED)).toContain('reordered');
  });

  test('as reordered, when another epoch begins without a gap', () => {
    const restarted = kept('restarted', at(0, '', 'e2'), at(0, '', 'e2'));
    const history = [CREATED, follow(BEGINNING), appendUpTo(1), deliver(1), restarted, append(1, 'y1', 'e2')];
    expect(kindsOf(...history, deliver(1, 'y1', 'e2'), HEALED)).toEqual(['reordered']);
  });

  test('as phantom, when nobody sent it, its append had failed, or nobody asked for it', () => {
    const failed: Fact[] = [
      { type: 'invoked', ms, log, key: 'k1' },
      { type: 'failed', ms, log, key: 'k1' },
    ];
    expect(kindsOf(follow('start'), deliver(1))).toEqual(['phantom']);
    expect(kindsOf(follow('start'), failed, deliver(1))).toEqual(['phantom']);
    expect(kindsOf(appendUpTo(1), deliver(1))).toEqual(['phantom']);
  });

  test('as a false gap, when a read could prove the position', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(3), deliverAll(1)];
    expect(kindsOf(...history, gap('reset', at(3)), HEALED)).toEqual(['falseGap']);
    expect(kindsOf(...history, gap('trimmed', at(2)), deliver(3), HEALED)).toEqual(['falseGap']);
  });

  test('as a false gap, when it skips what is kept', () => {
    const history = [CREATED, follow(BEGINNING), appendUpTo(5), kept('trimmed', at(2), at(5)), gap('trimmed', at(3))];
    expect(kindsOf(...history, deliverAll(4, 5), HEALED)).toEqual(['falseGap']);
  });

  test('as a false gap, when a follower asked for the start', () => {
    expect(kindsOf(CREATED, appendUpTo(2), follow('start'), gap('reset', at(2)), HEALED)).toEqual(['falseGap']);
  });

  test('as silent, when a follower never reaches the top', () => {
    expect(kindsOf(CREATED, follow(BEGINNING), appendUpTo(2), deliver(1), HEALED)).toEqual(['silent', 'lost']);
  });
});

test('a history is the same after a way through a file', () => {
  const history = [CREATED, follow(BEGINNING), ...appendUpTo(2), ...deliverAll(1, 2), gap('reset', at(2)), HEALED];
  expect(parseHistory(formatHistory(history))).toEqual(history);
});
