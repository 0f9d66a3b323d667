import { randomUUID } from 'node:crypto';
import {
  type ActionAnswer,
  type ActionArguments,
  type ActionName,
  type Contract,
  fillPattern,
  matchPattern,
  type ParamsOf,
  type Store,
  type StoreSnapshot,
} from '../../contract/index.ts';
import { awaitWithin, findLogName, kindOf, segmentsOf } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';
import { HttpError } from '../http-answer.ts';
import type { Identity } from '../identity.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Rights } from '../rights.ts';
import type { Sender } from '../sender.ts';
import { checkAction } from './check-action.ts';
import { createNews } from './news.ts';
import type { StoreServing } from './serving.ts';
import { createStoreKeeper, type StorePlace } from './store-keeper.ts';
import { createStoreRoutes, type StoreRoutes } from './store-routes.ts';
import { createTurns, TURN_TIMEOUT_MS } from './turns.ts';

/** The stores of one pattern, at the backend. */
export interface FlowStore<S extends Store> {
  /**
   * Says how the stores of this pattern are kept, and who may read and change them. Without it nobody may.
   * @throws {RangeError} when they are served already
   */
  serve(serving: StoreServing<S>): void;
  /**
   * Runs an action on the app's own account: `inputs` are checked, `allow` is not asked. Resolves once it is saved, or refused.
   * Not awaited, a failure is only reported.
   * @throws {FlowError} `unavailable` when the database or a schema failed, gave nothing within 10 s, or others were faster 20 times;
   *   `overloaded` when 100 wait for this store. It may have been saved. `closed`: the flow was closed, and it was not saved.
   * @throws {RangeError} when there is no such store; at once when nobody serves it, or a parameter is missing or empty
   */
  dispatch<Name extends ActionName<S>>(
    params: ParamsOf<S['pattern']>,
    name: Name,
    ...input: ActionArguments<S, Name>
  ): Promise<ActionAnswer>;
  /**
   * Tells followers that something else than an action changed the state, and its version with it: they fetch it.
   * @throws {FlowError} `unavailable` when the state could not be loaded
   * @throws {RangeError} when there is no such store; at once when nobody serves it, or a parameter is missing or empty
   */
  changed(params: ParamsOf<S['pattern']>): Promise<void>;
}

/** All stores of a flow. */
export interface FlowStores {
  /** @throws {RangeError} when the contract has no store with this pattern */
  open(pattern: string): FlowStore<Store>;
  /** The snapshot of a store for a user; undefined when it may not be read, or is none. Rejects when that can't be said now. */
  snapshot(
    me: Identity,
    pattern: string,
    params: Readonly<Record<string, string>>,
  ): Promise<{ readonly log: string; readonly snapshot: StoreSnapshot } | undefined>;
  readonly routes: StoreRoutes;
  /** Runs no more actions. Resolves when the sender has the news of those that are being saved, 10 s later at the latest; undefined: of none. */
  close(): Promise<void> | undefined;
}

/** Creates the stores of a contract, served by nobody yet. */
export function createFlowStores(
  { stores }: Contract,
  options: ResolvedOptions,
  sender: Sender,
  rights: Rights,
): FlowStores {
  const { clock, report } = options;
  const servings = new Map<string, StoreServing<Store>>();
  const news = createNews(sender, clock);
  const turns = createTurns(clock);
  const keeper = createStoreKeeper(turns, news, clock, report);
  const routes = createStoreRoutes(options, keeper, find);

  function find(name: string): StorePlace | undefined {
    const log = findLogName(name);
    if (log === undefined || kindOf(log) !== 'store') return undefined;
    for (const store of stores) {
      const params = matchPattern(store.pattern, segmentsOf(log));
      const serving = servings.get(store.pattern);
      if (params) return serving && { log, params, store, serving };
    }
    return undefined;
  }

  function getPlace(pattern: string, params: Readonly<Record<string, string>>): StorePlace {
    const place = find(fillPattern('store', pattern, params));
    if (!place) throw new RangeError(`Cannot use "${pattern}": serve(…) was not called for it`);
    return place;
  }

  async function dispatch(place: StorePlace, name: string, input: unknown): Promise<ActionAnswer> {
    const action = await keeper.ask(place, () => checkAction(place, { id: randomUUID(), name, input }));
    const answers = await keeper.act(place, [action]);
    if (!answers?.[0]) throw new RangeError(`Cannot run "${name}" on "${place.log}": there is no such store`);
    return answers[0];
  }

  async function tellChanged(place: StorePlace): Promise<void> {
    const loaded = await keeper.load(place);
    if (!loaded) throw new RangeError(`Cannot tell of "${place.log}": there is no such store`);
    news.tell(place.log, { from: null, to: loaded.version });
  }

  return {
    routes,
    open(pattern) {
      if (!stores.some((store) => store.pattern === pattern)) {
        const patterns = stores.map((store) => store.pattern).join('", "');
        throw new RangeError(`Cannot use "${pattern}": the contract has no such store, it has "${patterns}"`);
      }
      return {
        serve(serving) {
          rights.allow('store', pattern, (identity, params) =>
            awaitWithin(clock, TURN_TIMEOUT_MS, async () => serving.allow(identity, params, undefined)),
          );
          servings.set(pattern, serving);
        },
        dispatch: (params, name, ...[input]) => handled(dispatch(getPlace(pattern, params), name, input)),
        changed: (params) => handled(tellChanged(getPlace(pattern, params))),
      };
    },
    async snapshot(me, pattern, params) {
      const place = getPlace(pattern, params);
      try {
        return { log: place.log, snapshot: await routes.read(me, place) };
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        if (error.code === 'unavailable') throw new FlowError('unavailable', error.message, { cause: error });
        return undefined;
      }
    },
    close() {
      const saved = turns.close();
      if (saved === undefined) news.close();
      return saved?.then(news.close);
    },
  };
}

/** As with any send: not awaited, a failure is reported, not thrown at the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
