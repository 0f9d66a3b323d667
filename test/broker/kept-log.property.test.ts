import fc from 'fast-check';
import {
  findPositionParts,
  formatPosition,
  joinLogName,
  type LogKind,
  type StartPosition,
  tagOf,
} from 'message-flow/protocol';
import { expect, test } from 'vitest';
import type { Reading } from '../../src/broker/broker.ts';
import { createKeptLog, type KeptLog } from '../../src/broker/kept-log.ts';

const EPOCH = 'epoch';
const RETENTION = { maxEntries: 4, maxBytes: 24, maxAgeMs: 100 };
const KEY_WINDOW_MS = 60;

interface Said {
  readonly key: string;
  readonly offset: number;
  readonly bytes: number;
  readonly ts: number;
}

/** A log as the specification tells it: all that was ever said, and how much of its beginning is gone. */
interface Model {
  readonly kind: LogKind;
  readonly base: number;
  readonly said: Said[];
  goneCount: number;
  now: number;
}

type Command = (model: Model, log: KeptLog) => void;

const appends = fc
  .record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    data: fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 8 }),
  })
  .map(
    ({ key, data }): Command =>
      (model, log) => {
        forget(model);
        const known = [...model.said].reverse().find((said) => said.key === key && model.now - said.ts < KEY_WINDOW_MS);
        const json = JSON.stringify(data) as Parameters<KeptLog['append']>[0]['data'];
        const { at, added } = log.append({ key, event: 'said', data: json }, model.now);
        expect(added === undefined).toBe(known !== undefined);
        if (!known) {
          const offset = model.base + model.said.length + 1;
          model.said.push({ key, offset, bytes: Buffer.byteLength(json), ts: model.now });
          forget(model);
        }
        expect(at).toBe(placeOf(known ?? (model.said.at(-1) as Said)));
        expect(added?.data ?? json).toBe(json);
      },
  );

const waits = fc.integer({ min: 0, max: 70 }).map(
  (ms): Command =>
    (model) => {
      model.now += ms;
    },
);

const trims = fc.constant<Command>((model, log) => {
  forget(model);
  const hasKeys = model.said.some(({ ts }) => model.now - ts < KEY_WINDOW_MS);
  expect(log.trim(model.now)).toBe(model.goneCount === model.said.length && !hasKeys);
});

const reads = fc
  .record({
    offset: fc.integer({ min: -2, max: 40 }),
    tag: fc.constantFrom('own', 'own', 'own', 'none', 'wrong'),
    epoch: fc.constantFrom(EPOCH, EPOCH, EPOCH, EPOCH, 'another'),
    limit: fc.integer({ min: 0, max: 8 }),
    isStart: fc.boolean(),
  })
  .map(
    ({ offset: fromBase, tag: tagKind, epoch, limit, isStart }): Command =>
      (model, log) => {
        forget(model);
        const offset = Math.max(0, model.base + fromBase);
        const own = tagAt(model, offset);
        const tag = { own, none: '', wrong: '0badf00d' }[tagKind] as string;
        const after = isStart ? 'start' : formatPosition({ epoch, offset, tag });
        const reading = log.read(after, limit, model.now);
        expect({ ...reading, entries: reading.entries.map(({ at }) => at) }).toEqual(expectedOf(model, after, limit));
        for (const { at, previous } of reading.entries) {
          const before = (findPositionParts(at)?.offset ?? 0) - 1;
          expect(previous).toEqual(
            tagAt(model, before) ? { offset: before, tag: tagAt(model, before) } : { offset: before },
          );
        }
      },
  );

test('a kept log answers as the list of all that was said and the table of positions do', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<LogKind>('channel', 'run'),
      fc.integer({ min: 0, max: 3 }),
      fc.array(fc.oneof({ weight: 4, arbitrary: appends }, { weight: 4, arbitrary: reads }, waits, trims), {
        maxLength: 80,
      }),
      (kind, base, commands) => {
        const name = joinLogName(kind, kind === 'run' ? ['u', 't', 'n'] : ['c']);
        const log = createKeptLog(name, EPOCH, base, RETENTION, KEY_WINDOW_MS);
        const model: Model = { kind, base, said: [], goneCount: 0, now: 1_000 };
        for (const command of commands) {
          command(model, log);
          expect(log.top()).toBe(endOf(model));
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('reading on from the last entry, at any limit, gives each kept entry once', () => {
  fc.assert(
    fc.property(fc.array(appends, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (commands, limit) => {
      const log = createKeptLog(joinLogName('channel', ['c']), EPOCH, 0, RETENTION, KEY_WINDOW_MS);
      const model: Model = { kind: 'channel', base: 0, said: [], goneCount: 0, now: 1_000 };
      for (const command of commands) command(model, log);
      const seen: string[] = [];
      let after: StartPosition = 'start';
      for (let reading: Reading = log.read(after, limit, model.now); reading.entries.length > 0; ) {
        seen.push(...reading.entries.map(({ at }) => at));
        after = reading.entries.at(-1)?.at ?? after;
        reading = log.read(after, limit, model.now);
        expect([reading.gap, seen.length <= model.said.length]).toEqual([undefined, true]);
      }
      expect(seen).toEqual(model.said.slice(model.goneCount).map(placeOf));
    }),
  );
});

/** Retention, said naively: the first goes while it is too old, or others are there and they are too many or too large. */
function forget(model: Model): void {
  for (;;) {
    const kept = model.said.slice(model.goneCount);
    const [first] = kept;
    if (!first) return;
    const isOld = model.now - first.ts >= RETENTION.maxAgeMs;
    const bytes = kept.reduce((sum, said) => sum + said.bytes, 0);
    const isOver = kept.length > 1 && (kept.length > RETENTION.maxEntries || bytes > RETENTION.maxBytes);
    if (!isOld && !isOver) return;
    model.goneCount++;
  }
}

/** The table of positions, row by row, on all that was ever said. */
function expectedOf(model: Model, after: StartPosition, limit: number): object {
  const kept = model.said.slice(model.goneCount);
  const top = endOf(model);
  const give = (said: readonly Said[]) => ({ entries: said.slice(0, limit).map(placeOf), top });
  if (after === 'start') {
    return model.kind === 'run' && model.goneCount > 0 ? { ...give(kept), gap: 'trimmed' } : give(kept);
  }
  const mine = findPositionParts(after);
  const reset = { entries: [], top, gap: 'reset' };
  if (!mine || mine.epoch !== EPOCH || mine.offset > model.base + model.said.length) return reset;
  const next = model.said.filter(({ offset }) => offset > mine.offset);
  // What lies before the last that went can't be compared with anything any more.
  if (next.length > kept.length || mine.offset < model.base) return { ...give(kept), gap: 'trimmed' };
  return mine.tag === '' || mine.tag === tagAt(model, mine.offset) ? give(next) : reset;
}

function tagAt({ said, base }: Model, offset: number): string {
  const found = said[offset - base - 1];
  return found ? tagOf(found.key) : '';
}

function placeOf({ key, offset }: Said): string {
  return formatPosition({ epoch: EPOCH, offset, tag: tagOf(key) });
}

function endOf({ said, base }: Model): string {
  const last = said.at(-1);
  return last ? placeOf(last) : formatPosition({ epoch: EPOCH, offset: base, tag: '' });
}
