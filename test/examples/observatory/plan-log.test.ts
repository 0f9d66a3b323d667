import type { Dispatched } from 'message-flow/client/stores';
import { describe, expect, test } from 'vitest';
import {
  changePlanLog,
  EMPTY_LOG,
  listConfirmed,
  type PlanLog,
  type PlanLogChange,
} from '../../../examples/observatory/front/plan-log.ts';

const REFUSED: Dispatched = { refused: { code: 'failed', message: 'no' } };

function done(key: string): PlanLogChange {
  const action = { name: 'remove', input: { id: key } } as const;
  return { type: 'done', deed: { key, action, targetName: key, outcome: undefined } };
}

function answered(key: string, outcome: Dispatched): PlanLogChange {
  return { type: 'answered', key, outcome };
}

function read(log: PlanLog): string[] {
  return listConfirmed(log).map(({ version, deed }) => `${version} ${deed?.targetName ?? 'another screen'}`);
}

describe('the log of the plan', () => {
  test.each([
    ['before', [{ type: 'version', version: 2 } as const, answered('a', { version: 2 })]],
    ['after', [answered('a', { version: 2 }), { type: 'version', version: 2 } as const]],
  ])('shows a version of its own by the deed, if it is seen %s the answer', (_, changes) => {
    const seen: PlanLogChange[] = [done('a'), ...changes, { type: 'version', version: 3 }];
    expect(read(seen.reduce(changePlanLog, EMPTY_LOG))).toEqual(['3 another screen', '2 a']);
  });

  test('does not count what was refused as confirmed', () => {
    expect(read([done('a'), answered('a', REFUSED)].reduce(changePlanLog, EMPTY_LOG))).toEqual([]);
  });

  test('does not take a version for another screen’s once it has forgotten its own deed', () => {
    const own: PlanLogChange[] = [done('a'), answered('a', { version: 2 }), { type: 'version', version: 2 }];
    const later = Array.from({ length: 20 }, (_, i) => [done(`k${i}`), answered(`k${i}`, REFUSED)]).flat();
    expect(read([...own, ...later].reduce(changePlanLog, EMPTY_LOG))).toEqual([]);
  });

  test('forgets what was answered long ago, and nothing that is pending', () => {
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    const waiting = [done('waiting'), ...keys.map(done)].reduce(changePlanLog, EMPTY_LOG);
    const log = keys.map((key) => answered(key, REFUSED)).reduce(changePlanLog, waiting);
    expect(log.deeds).toHaveLength(21);
    expect(log.deeds.filter(({ outcome }) => !outcome).map(({ key }) => key)).toEqual(['waiting']);
  });
});
