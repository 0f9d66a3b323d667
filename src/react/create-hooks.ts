import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useSyncExternalStore,
} from 'react';
import type { Client, ConnectionStatus, Gap, Handler } from '../client/index.ts';
import type { Contract, Delivered, ParamsOf, PatternOf, StoreOf, StorePatternOf } from '../contract/index.ts';
import { type Begin, useAttached } from './attached.ts';
import { type ChannelHandlers, type ChannelStatus, useChannelOf } from './channel.ts';
import { createFlow, type Flow, NOT_YET } from './flow.ts';
import { useLatest } from './latest.ts';
import { type FlowSnapshot, type UsedStore, useStoreOf } from './store.ts';

/** What a provider takes. */
export interface FlowProviderProps<A extends Contract> {
  /** The page's one client, made outside of React; undefined on a server. */
  readonly client: Client<A> | undefined;
  /** What the server rendered with. The page goes on from it. @default none: stores are fetched */
  readonly snapshot?: FlowSnapshot | undefined;
  readonly children?: ReactNode;
}

/**
 * The hooks of one contract. Handlers are those of the latest render, called with the next frame: however many entries come,
 * components render once a frame. Arguments are compared by value.
 */
export interface Hooks<A extends Contract> {
  /** Gives a client to the components below it. */
  FlowProvider(props: FlowProviderProps<A>): ReactElement;
  /** How the connection is. The client connects with the first hook that asks something of it, this one too. */
  useConnection(): ConnectionStatus;
  /** Takes an event that is sent to this user or to everyone, while the component is there. */
  useEvent<Name extends keyof A['events'] & string>(event: Name, handler: Handler<Delivered<A['events'], Name>>): void;
  /** Takes gaps, each in its place: before the handlers of what follows it. Fetch what the component shows. */
  useGap(listener: (gap: Gap) => unknown): void;
  /**
   * Follows a channel while the component is there, and `lingerMs` longer. `null` for `params`: none yet.
   * @throws {RangeError} when a parameter is missing or empty
   */
  useChannel<Pattern extends PatternOf<A>>(
    pattern: Pattern,
    params: ParamsOf<Pattern> | null,
    handlers: ChannelHandlers<A, Pattern>,
  ): ChannelStatus;
  /**
   * Follows a store while the component is there, and `lingerMs` longer. Suspends until there is a first state, and never
   * again while its user is the same. A dispatched action is shown in the same event.
   * @throws {Error} when there is no state and none will come: nobody may see it, or it is not found
   * @throws {RangeError} when a parameter is missing or empty
   */
  useStore<Pattern extends StorePatternOf<A>>(
    pattern: Pattern,
    params: ParamsOf<Pattern>,
  ): UsedStore<StoreOf<A, Pattern>>;
}

/** Creates the hooks of a contract: `createHooks<typeof app>()`. They share nothing with those of another call. */
export function createHooks<A extends Contract>(): Hooks<A> {
  const Context = createContext<{ readonly flow: Flow<A>; readonly snapshot: FlowSnapshot | undefined } | undefined>(
    undefined,
  );
  const flows = new WeakMap<Client<A>, Flow<A>>();
  const taken = new WeakSet<object>();

  function findFlow(client: Client<A> | undefined): Flow<A> {
    const flow = (client && flows.get(client)) ?? createFlow(client, taken);
    if (client) flows.set(client, flow);
    return flow;
  }

  function useProvided() {
    const provided = useContext(Context);
    if (!provided) throw new Error('Cannot use a hook of Message Flow: there is no FlowProvider above the component');
    return provided;
  }

  return {
    FlowProvider({ client, snapshot, children }) {
      // biome-ignore lint/correctness/useExhaustiveDependencies: findFlow is of these hooks, not of a render
      const flow = useMemo(() => findFlow(client), [client]);
      const value = useMemo(() => ({ flow, snapshot }), [flow, snapshot]);
      return createElement(Context.Provider, { value }, children);
    },

    useConnection() {
      const { flow } = useProvided();
      const { subscribe, get } = flow.connection;
      return useSyncExternalStore(subscribe, get, () => NOT_YET);
    },

    useEvent(event, handler) {
      const { flow } = useProvided();
      const latest = useLatest(handler);
      const begin = useCallback<Begin<A>>(
        (client) => [client.on(event, (payload, entry) => flow.put(() => latest.current(payload, entry)))],
        [flow, event, latest],
      );
      useAttached(flow, begin);
    },

    useGap(listener) {
      const { flow } = useProvided();
      const latest = useLatest(listener);
      const begin = useCallback<Begin<A>>(
        (client) => [client.onGap((gap) => flow.put(() => latest.current(gap)))],
        [flow, latest],
      );
      useAttached(flow, begin);
    },

    useChannel: (pattern, params, handlers) => useChannelOf(useProvided().flow, pattern, params, handlers),

    useStore(pattern, params) {
      const { flow, snapshot } = useProvided();
      return useStoreOf(flow, snapshot, pattern, params);
    },
  };
}
