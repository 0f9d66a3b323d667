import type { Engine } from './engine.ts';
import type { Fact } from './history.ts';
import type { Plan } from './plan.ts';
import type { SeededRandom } from './random.ts';
import type { Sabotage } from './sabotage.ts';
import type { Timeline } from './timeline.ts';

/** What all parts of one simulated run share. */
export interface World {
  readonly plan: Plan;
  readonly random: SeededRandom;
  /** The chance of what only some manners do, apart from `random`, which has to stay what it was. */
  readonly luck: SeededRandom;
  readonly timeline: Timeline;
  readonly engine: Engine;
  readonly sabotage: Sabotage;
  /** Whether losses and failures by rate happen; off once all is healed. */
  readonly rates: { isOn: boolean };
  /** Writes a fact of the history. */
  note(fact: Fact): void;
  /** Counts that something happened, so that a run can show what it has met. */
  count(what: string): void;
  /** Writes what is no fact, when a seed is replayed to be read. */
  readonly trace: ((line: string) => void) | undefined;
  /** Takes what a machine must never do: throw. */
  fail(error: unknown): void;
}
