import { afterAll, describe, expect, test } from 'vitest';
import { type Aim, search } from './spin.ts';

const TIMEOUT_MS = 600_000;

/** The model as it is, with some faults at a time: all at once are more states than a minute has room for. */
const WHOLE: readonly { readonly faults: string; readonly flags: readonly string[]; readonly aim: Aim }[] = [
  { faults: 'trim and a cut, four entries', flags: ['ENTRIES=4', 'ROLLBACKS=0', 'EPOCHS=1'], aim: 'breaches' },
  { faults: 'trim, rollback and a cut', flags: ['EPOCHS=1'], aim: 'breaches' },
  { faults: 'a new epoch and a cut', flags: ['TRIMS=0', 'ROLLBACKS=0'], aim: 'breaches' },
  { faults: 'trim, rollback and a new epoch, two entries', flags: ['ENTRIES=2', 'CUTS=0'], aim: 'breaches' },
  {
    faults: 'trim and a cut, where `previous` has no tag',
    flags: ['PREVIOUS_UNTAGGED', 'ROLLBACKS=0', 'EPOCHS=1'],
    aim: 'breaches',
  },
  { faults: 'trim and a cut', flags: ['ROLLBACKS=0', 'EPOCHS=1'], aim: 'endless runs' },
  { faults: 'a rollback and a cut', flags: ['TRIMS=0', 'EPOCHS=1'], aim: 'endless runs' },
  { faults: 'a new epoch', flags: ['TRIMS=0', 'ROLLBACKS=0', 'CUTS=0'], aim: 'endless runs' },
];

/** One check taken away, and what must come of it. */
const SEEDED: readonly { readonly bug: string; readonly flags: readonly string[]; readonly breach: string }[] = [
  { bug: 'the hole check is removed', flags: ['NO_HOLE_CHECK'], breach: 'lost' },
  { bug: 'the tail check is removed', flags: ['NO_TAIL_CHECK'], breach: 'silent' },
  { bug: 'the anchor check is removed', flags: ['NO_ANCHOR_CHECK'], breach: 'silent' },
  { bug: 'the epoch is not compared', flags: ['NO_EPOCH_CHECK'], breach: 'silent' },
  { bug: 'a read does not say `trimmed`', flags: ['NO_TRIMMED'], breach: 'lost' },
  { bug: 'a read does not say `reset`', flags: ['NO_RESET'], breach: 'silent' },
  { bug: 'the gap frame is dropped', flags: ['NO_GAP_FRAME'], breach: 'silent' },
  { bug: "an empty log's position is the start of the future", flags: ['EMPTY_LOG_IS_THE_FUTURE'], breach: 'lost' },
  {
    bug: '`previous` is trusted without its tag after a rollback',
    flags: ['PREVIOUS_UNTAGGED', 'TRIMS=0', 'EPOCHS=1'],
    breach: 'lost',
  },
  { bug: 'the ring is asked for a position that it does not hold', flags: ['RING_GUESSES'], breach: 'lost' },
  { bug: 'a tail is said to deliver too early', flags: ['TAIL_TOO_EARLY'], breach: 'silent' },
  { bug: 'the broker is read before the tail is proven', flags: ['READ_BEFORE_TAIL'], breach: 'silent' },
  { bug: 'a top that comes while the ring is mended is forgotten', flags: ['TOP_FORGOTTEN'], breach: 'silent' },
  { bug: 'live entries are dropped while the ring is mended', flags: ['NO_PENDING'], breach: 'silent' },
  { bug: 'live entries of before a rollback come after `interrupted`', flags: ['LATE_LIVE'], breach: 'silent' },
];

/** The same, for what never ends. */
const RESTLESS: typeof SEEDED = [
  { bug: 'a stretch of before a rollback is kept', flags: ['STALE_STRETCH', 'TRIMS=0', 'EPOCHS=1'], breach: 'endless' },
  {
    bug: 'it is not remembered that nothing lies after a position',
    flags: ['NOTHING_IS_PROVEN', 'ROLLBACKS=0', 'EPOCHS=1'],
    breach: 'endless',
  },
];

const told: string[] = [];
afterAll(() => console.log(['the model of the resume', ...told].join('\n  ')));

function tell(what: string, states: number, result = ''): void {
  told.push(`${states.toLocaleString('en-US').padStart(10)} states  ${what}${result && `: ${result}`}`);
}

describe('the model of the resume', () => {
  test.each(WHOLE)(
    'has no $aim with $faults',
    async ({ faults, flags, aim }) => {
      const { stateCount, ...outcome } = await search(flags, aim, true);
      tell(`${faults}, no ${aim}`, stateCount);
      expect(outcome).toEqual({ isComplete: true, breach: undefined });
      expect(stateCount).toBeGreaterThan(50_000);
    },
    TIMEOUT_MS,
  );

  test.each(SEEDED)(
    'is found out when $bug',
    async ({ bug, flags, breach }) => {
      const found = await search(flags, 'breaches');
      tell(bug, found.stateCount, found.breach);
      expect(found.breach).toBe(breach);
    },
    TIMEOUT_MS,
  );

  test.each(RESTLESS)(
    'does not come to rest when $bug',
    async ({ bug, flags, breach }) => {
      const found = await search(flags, 'endless runs');
      tell(bug, found.stateCount, found.breach);
      expect(found.breach).toBe(breach);
    },
    TIMEOUT_MS,
  );

  // docs/delivery.md, "Known limits".
  test(
    'knows that after a reset a gateway may send on what was lost in a rollback that it has not heard of',
    async () => {
      expect((await search(['ONCE_OVER_RESETS', 'TRIMS=0', 'EPOCHS=1'], 'breaches')).breach).toBe('duplicated');
    },
    TIMEOUT_MS,
  );
});
