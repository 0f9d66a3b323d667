import { userLog } from 'message-flow/protocol';
import { type FaultKind, GUEST, PAGE_FAULTS, type Plan } from './plan.ts';
import { createSeededRandom } from './random.ts';

/** Apart from what the seed else draws, so that a seed without them is the run that it was before there were any. */
const PAGE_STREAM = 2 ** 34;

/** Adds what a seed's users do to their pages, each kind or not. */
export function withPageFaults(plan: Plan, seed: number): Plan {
  const { between, chance } = createSeededRandom(seed + PAGE_STREAM);
  const faults: { kind: FaultKind; ms: number }[] = [];
  for (const kind of PAGE_FAULTS) {
    if (!chance(0.15)) continue;
    for (let left = between(1, 3); left > 0; left--) faults.push({ kind, ms: between(0, plan.activeMs) });
  }
  return withFaults(plan, faults);
}

/** Adds faults, and the log of whom they bring. */
export function withFaults(plan: Plan, more: Plan['faults']): Plan {
  const guestLog = userLog(GUEST);
  const isGuestNew = more.some(({ kind }) => kind === 'sign-in') && !plan.logs.includes(guestLog);
  return { ...plan, faults: [...plan.faults, ...more], logs: isGuestNew ? [...plan.logs, guestLog] : plan.logs };
}
