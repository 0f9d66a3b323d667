import {
  type Contract,
  fillPattern,
  type ParamsOf,
  type PatternOf,
  type StorePatternOf,
  type StoreSnapshot,
} from '../contract/index.ts';
import { EVERYONE, type Position, userLog } from '../protocol/index.ts';
import { FlowError } from './flow-error.ts';
import type { Identity } from './identity.ts';
import type { ResolvedOptions } from './options.ts';
import type { FlowStores } from './store/flow-stores.ts';
import { readTops } from './tops.ts';

/** What a page is to begin with: channels and stores, each by its pattern and parameters. */
export interface WantedSnapshot<A extends Contract> {
  /** Channels whose positions are taken. Who may follow one is asked when the page's token is made. @default none */
  readonly channels?: readonly { [P in PatternOf<A>]: readonly [pattern: P, params: ParamsOf<P>] }[PatternOf<A>][];
  /** @default none */
  readonly stores?: readonly {
    [P in StorePatternOf<A>]: readonly [pattern: P, params: ParamsOf<P>];
  }[StorePatternOf<A>][];
}

/** What a page begins with. Plain JSON: it travels in the page. */
export interface FlowSnapshot {
  readonly user: string;
  /** Positions by log: the user's own, everyone's, and the channels asked for. Read before anything else. */
  readonly at: Readonly<Record<string, Position>>;
  /** By log. */
  readonly stores: Readonly<Record<string, StoreSnapshot>>;
}

/** Takes a snapshot for a user. */
export async function takeSnapshot<A extends Contract>(
  options: ResolvedOptions,
  stores: FlowStores,
  me: Identity,
  wanted: WantedSnapshot<A> = {},
): Promise<FlowSnapshot> {
  const channels = (wanted.channels ?? []).map(([pattern, params]) => fillPattern('channel', pattern, params));
  const tops = await readTops(options, [userLog(me.user), EVERYONE, ...channels]).catch((cause) => {
    throw new FlowError('unavailable', 'Cannot take a snapshot: the broker gave no answer in time', { cause });
  });
  const taken = await Promise.all(
    (wanted.stores ?? []).map(([pattern, params]) => stores.snapshot(me, pattern, params)),
  );
  return {
    user: me.user,
    at: Object.fromEntries(tops),
    stores: Object.fromEntries(taken.flatMap((one) => (one ? [[one.log, one.snapshot]] : []))),
  };
}
