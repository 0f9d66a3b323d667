import type { LogName } from 'message-flow/protocol';
import { createHistoryCheck, type Verdict, type ViolationKind } from '../simulation/check-history.ts';
import type { Fact } from '../simulation/history.ts';
import type { Engine } from './engine.ts';
import type { Restart, RunRecord } from './run-record.ts';

export const KINDS: readonly ViolationKind[] = [
  ...(['lost', 'duplicated', 'reordered', 'phantom', 'divergent', 'falseGap', 'silent'] as const),
];

/** Which gaps screens must be told of: none; one of each log that they follow; whatever the engine lost. */
export type Gaps = 'none' | 'one' | 'what-was-lost';

/** What came out of a run. */
export interface Outcome {
  readonly counts: Readonly<Record<ViolationKind, number>>;
  readonly acknowledgedCount: number;
  readonly deliveredCount: number;
  readonly gapCount: number;
  /** Acknowledged, and not there any more when the engine was started again. */
  readonly forgottenCount: number;
  /** Logs of screens that had seen what was forgotten, and were told of no gap: never allowed. */
  readonly untoldCount: number;
  /** From a mark until the last screen had the first entry that was said after it, of each mark, in milliseconds. */
  readonly recoveriesMs: readonly number[];
  /** What is wrong; none: the promise held. */
  readonly faults: readonly string[];
}

/** Judges a run by its history. */
export function judgeRun(
  history: readonly Fact[],
  record: Pick<RunRecord, 'restarts' | 'marks'>,
  expected: { readonly keeping: Engine['afterKill']; readonly gaps: Gaps },
): Outcome {
  const check = createHistoryCheck();
  for (const fact of history) check.add(fact);
  const verdict = check.verdict();
  const counts = countKinds(verdict);
  const { forgotten, untoldCount } = findForgotten(history, record.restarts);
  const faults = verdict.violations.map(
    ({ kind, log, follower, detail }) => `${kind}: ${log} of ${follower}: ${detail}`,
  );
  if (untoldCount > 0) faults.push(`untold: ${untoldCount} logs of screens lost what they had seen, and were not told`);
  if (expected.keeping === 'all' && forgotten > 0) faults.push(`forgotten: ${forgotten} acknowledged entries`);
  faults.push(...findWrongGaps(history, expected.gaps));
  const { acknowledgedCount, deliveredCount, gapCount } = verdict;
  if (deliveredCount === 0) faults.push('nothing was delivered, so nothing is proven');
  return {
    ...{ counts, acknowledgedCount, deliveredCount, gapCount, untoldCount, faults },
    forgottenCount: forgotten,
    recoveriesMs: record.marks.map((mark) => measureRecovery(history, mark)),
  };
}

/** The outcome of a run that came to no end: nothing is known but that. */
export function createBrokenOutcome(error: unknown): Outcome {
  const counts = countKinds({ violations: [] });
  const sums = { acknowledgedCount: 0, deliveredCount: 0, gapCount: 0, forgottenCount: 0, untoldCount: 0 };
  return { counts, ...sums, recoveriesMs: [], faults: [`broken: ${error instanceof Error ? error.message : error}`] };
}

function countKinds({ violations }: Pick<Verdict, 'violations'>): Record<ViolationKind, number> {
  const countOf = (kind: ViolationKind) => violations.filter((violation) => violation.kind === kind).length;
  return Object.fromEntries(KINDS.map((kind) => [kind, countOf(kind)])) as Record<ViolationKind, number>;
}

/** The checker lets a rollback take what it takes; here it is counted, and that whoever had seen it was told. */
function findForgotten(history: readonly Fact[], restarts: readonly Restart[]) {
  let forgotten = 0;
  let untoldCount = 0;
  const gone = new Set<string>();
  for (const { ms, log, keys } of restarts) {
    const isLost = (fact: Fact) => 'key' in fact && fact.log === log && fact.ms < ms && !keys.has(fact.key);
    const lost = history.filter((fact) => fact.type === 'acknowledged' && isLost(fact) && !gone.has(idOf(fact)));
    const holders = new Set<string>();
    const ids = new Set(lost.map(idOf));
    for (const fact of history) {
      if (fact.type === 'delivered' && fact.ms < ms && ids.has(idOf(fact))) holders.add(fact.follower);
      if (fact.type === 'gap' && fact.ms >= ms && fact.log === log) holders.delete(fact.follower);
    }
    for (const id of ids) gone.add(id);
    forgotten += lost.length;
    untoldCount += holders.size;
  }
  return { forgotten, untoldCount };
}

function idOf(fact: Fact): string {
  return 'key' in fact ? `${fact.log} ${fact.key}` : '';
}

function findWrongGaps(history: readonly Fact[], expected: Gaps): string[] {
  if (expected === 'what-was-lost') return [];
  const told = new Map<string, number>();
  for (const fact of history) {
    if (fact.type === 'followed' && expected === 'one') told.set(`${fact.log} of ${fact.follower}`, 0);
  }
  for (const fact of history) {
    if (fact.type !== 'gap') continue;
    const whose = `${fact.log} of ${fact.follower}`;
    told.set(whose, (told.get(whose) ?? 0) + 1);
  }
  const wanted = expected === 'one' ? 1 : 0;
  return [...told]
    .filter(([, count]) => count !== wanted)
    .map(([whose, count]) => `gaps: ${whose}: ${count} were told, not ${wanted}`);
}

/** How long after a mark the last screen had, of each of its logs, an entry that was said after it. */
function measureRecovery(history: readonly Fact[], mark: number): number {
  const fresh = new Set<string>();
  const first = new Map<string, number>();
  for (const fact of history) {
    if (fact.ms < mark) continue;
    if (fact.type === 'invoked') fresh.add(idOf(fact));
    if (fact.type !== 'delivered' || !fresh.has(idOf(fact))) continue;
    const whose = `${fact.log as LogName} of ${fact.follower}`;
    if (!first.has(whose)) first.set(whose, fact.ms);
  }
  return Math.max(0, ...first.values()) - (first.size > 0 ? mark : 0);
}
