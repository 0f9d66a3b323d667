import { type ActionAnswer, createPatch, type Store } from '../../contract/index.ts';
import { awaitWithin, type Clock, type LogName } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';
import type { Report } from '../flow-event.ts';
import { applyActions, type CheckedAction } from './apply.ts';
import type { News } from './news.ts';
import type { StoredState, StoreServing } from './serving.ts';
import { TURN_TIMEOUT_MS, type Turns } from './turns.ts';

/** One store of those of a pattern: its log, its parameters, and how it is kept. */
export interface StorePlace {
  readonly log: LogName;
  readonly params: Readonly<Record<string, string>>;
  readonly store: Store;
  readonly serving: StoreServing<Store>;
}

/** Loads and saves states. */
export interface StoreKeeper {
  /**
   * Reads a state; undefined: there is none.
   * @throws {FlowError} `unavailable` when `load` threw, gave what can't be used, or nothing in time
   */
  load(place: StorePlace): Promise<StoredState<object> | undefined>;
  /**
   * Asks another of an app's functions.
   * @throws {FlowError} `unavailable` when it threw, or gave nothing in time
   */
  ask<T>(place: StorePlace, work: () => T | Promise<T>): Promise<T>;
  /**
   * Runs actions, saves and tells followers; undefined: there is no such store.
   * @throws {FlowError} `unavailable` when the app's database failed or others were faster, `overloaded`, `closed`
   */
  act(place: StorePlace, actions: readonly CheckedAction[]): Promise<readonly ActionAnswer[] | undefined>;
}

/** How often a save may lose to a faster one. In one process actions wait for one another, so it takes as many others. */
const MAX_ATTEMPTS = 20;

/** Creates a keeper. */
export function createStoreKeeper(turns: Turns, news: News, clock: Clock, report: Report): StoreKeeper {
  /** Turns what an app's functions throw into an error that says so. */
  async function guard<T>({ log }: StorePlace, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof FlowError && (cause.code === 'overloaded' || cause.code === 'closed')) throw cause;
      report({ type: 'store-failed', log, error: cause });
      if (cause instanceof FlowError) throw cause;
      throw new FlowError('unavailable', `Cannot use "${log}": its load, save, allow or inputs failed`, { cause });
    }
  }

  function ask<T>(place: StorePlace, work: () => T | Promise<T>): Promise<T> {
    return guard(place, () => awaitWithin(clock, TURN_TIMEOUT_MS, async () => await work()));
  }

  async function read({ serving, params }: StorePlace): Promise<StoredState<object> | undefined> {
    const loaded = await serving.load(params);
    if (loaded === undefined || loaded === null) return undefined;
    const { state, version, recent } = loaded;
    if (typeof state !== 'object' || state === null) {
      throw new TypeError(`Cannot use what load gave: state is ${state === null ? 'null' : typeof state}`);
    }
    if (!Number.isSafeInteger(version) || version < 0) {
      throw new TypeError(
        `Cannot use what load gave: version is ${typeof version} "${version}", not an integer from 0`,
      );
    }
    if (recent !== undefined && recent !== null && !Array.isArray(recent)) {
      throw new TypeError(`Cannot use what load gave: recent is ${typeof recent}, not the list that save was given`);
    }
    return loaded;
  }

  async function attempt(
    place: StorePlace,
    actions: readonly CheckedAction[],
  ): Promise<readonly ActionAnswer[] | 'missing' | 'conflict'> {
    const { log, params, store, serving } = place;
    const loaded = await read(place);
    if (!loaded) return 'missing';
    const { version } = loaded;
    const applied = applyActions(store, loaded, actions, (action, error) =>
      report({ type: 'action-failed', log, action, error }),
    );
    const patch = createPatch(loaded.state, applied.next.state);
    if (patch.length === 0) {
      if (applied.isSaidAgain) news.tell(log, { from: null, to: version });
      return applied.answers.map((answer) =>
        answer.version === undefined ? answer : { version: Math.min(answer.version, version) },
      );
    }
    const isSaved = await serving.save(params, applied.next, version);
    if (typeof isSaved !== 'boolean') {
      throw new TypeError(
        `Cannot use what save gave: it is ${typeof isSaved}, not true for saved or false for too late`,
      );
    }
    if (!isSaved) return 'conflict';
    news.tell(log, { from: version, to: version + 1, patch, actions: applied.ids });
    return applied.answers;
  }

  async function run(
    place: StorePlace,
    actions: readonly CheckedAction[],
  ): Promise<readonly ActionAnswer[] | undefined> {
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const result = await attempt(place, actions);
      if (result === 'missing') return undefined;
      if (result !== 'conflict') return result;
    }
    const state = `${MAX_ATTEMPTS} saves in a row came too late, as save says`;
    throw new FlowError('unavailable', `Cannot run actions on "${place.log}": ${state}`);
  }

  return {
    ask,
    load: (place) => ask(place, () => read(place)),
    act(place, actions) {
      // What saves nothing takes no turn: who may only read could fill the queue of those who may write.
      if (actions.every((action) => 'answer' in action)) return ask(place, () => run(place, actions));
      return guard(place, () => turns.take(place.log, () => run(place, actions)));
    },
  };
}
