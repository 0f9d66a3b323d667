import type { Size } from './cast.ts';
import type { Engine } from './engine.ts';
import type { Gaps } from './judge.ts';
import type { Sighting } from './ledger.ts';
import type { Stage } from './stage.ts';

/** What else is wrong, by what sockets did. */
type FindFaults = (sightings: readonly Sighting[]) => string[];

/** One row of the table of faults. */
export interface Scenario {
  readonly name: string;
  /** What is done, in words. */
  readonly says: string;
  /** False where there is nothing of the kind to break. @default true */
  readonly fits?: (engine: Engine) => boolean;
  /** How many entries of a log are kept. @default so many that none is dropped */
  readonly maxEntries?: number;
  /** Screens come to their gateways over lines with faults. @default false */
  readonly hasFronts?: boolean;
  /** The size it needs, when that is another than the matrix's. */
  readonly resize?: (size: Size) => Size;
  /** What gateways and web servers get of an environment, in the run's folder. @default nothing */
  readonly prepare?: (folder: string) => Readonly<Record<string, string>>;
  /**
   * Breaks things, and mends them. When it begins all screens are live and entries flow; so they do when it ends. May give
   * what finds faults in how sockets went.
   */
  run(stage: Stage): Promise<FindFaults | undefined>;
  /** Which gaps must be told. */
  gaps(engine: Engine): Gaps;
  /** What the engine has after this of what it acknowledged. @default all */
  readonly keeping?: (engine: Engine) => Engine['afterKill'];
}
