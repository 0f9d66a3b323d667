import type { Broker } from '../broker/index.ts';
import {
  type ChannelEvents,
  type Contract,
  fillPattern,
  type ParamsOf,
  type PatternOf,
  type StoreOf,
  type StorePatternOf,
} from '../contract/index.ts';
import { EVERYONE, userLog } from '../protocol/index.ts';
import { type Audience, createAudience } from './audience.ts';
import type { FlowStats } from './flow-stats.ts';
import { createHandler, type Handler } from './handler.ts';
import type { Identity } from './identity.ts';
import { type FlowOptions, resolveOptions } from './options.ts';
import { type RevocationTarget, revoke } from './revocation.ts';
import { createRights, type Rule } from './rights.ts';
import { createSender } from './sender.ts';
import { type FlowSnapshot, takeSnapshot, type WantedSnapshot } from './snapshot.ts';
import { createFlowStores, type FlowStore } from './store/flow-stores.ts';
import { createTokenRoutes } from './token-route.ts';

/** The backend's hand in the ring: sends to browsers, and lets them in. One for each process and contract. */
export interface Flow<A extends Contract> {
  /**
   * One user, on all tabs and devices.
   * @throws {RangeError} when the id is empty, `*`, or too long for a log's name
   * @throws {TypeError} when it is no string
   */
  user(id: string): Audience<A['events']>;
  /** Everyone who is signed in. */
  readonly everyone: Audience<A['events']>;
  /**
   * Those who follow a channel.
   * @throws {RangeError} when the contract has no such channel, a parameter is missing or empty, or the name is too long
   */
  channel<Pattern extends PatternOf<A>>(
    pattern: Pattern,
    params: ParamsOf<Pattern>,
  ): Audience<ChannelEvents<A, Pattern>>;
  /**
   * Sets who may follow a channel. Without a rule nobody may.
   * @throws {RangeError} when the contract has no such channel, or it has a rule
   */
  allow<Pattern extends PatternOf<A>>(pattern: Pattern, rule: Rule<Pattern>): void;
  /**
   * The stores of a pattern.
   * @throws {RangeError} when the contract has no such store
   */
  store<Pattern extends StorePatternOf<A>>(pattern: Pattern): FlowStore<StoreOf<A, Pattern>>;
  /**
   * Takes what a page of this user begins with, so that a server may render it: positions first, then states, which the page
   * goes on from without a hole and without a second fetch. What `me` may not read is left out.
   * @throws {FlowError} `unavailable` when the broker, a rule or a database gave no answer in time
   * @throws {RangeError} when the contract has no such channel or store, nobody serves it, or a parameter is missing or empty
   */
  snapshot(me: Identity, wanted?: WantedSnapshot<A>): Promise<FlowSnapshot>;
  /**
   * Ends what was issued until now, for a user, a session or one token: live connections close with 4409, tokens are
   * refused. Resolves when the broker has it; gateways hear of it within moments. A token asked for later is good again, so
   * sign out first, then revoke. Settles like a send, and is counted as one.
   * @throws {FlowError} `overloaded`, `unavailable`, `refused` or `closed`: say it again
   * @throws {TypeError} when the target names none or more than one, or an empty one
   */
  revoke(target: RevocationTarget): Promise<void>;
  /** Answers `POST {basePath}/token`, `/snapshot` and `/actions`, and `GET /socket_auth_token`. */
  readonly handler: Handler;
  /** Where its logs are kept: for a gateway in the same process. */
  readonly broker: Broker;
  /** What it did and what waits. */
  stats(): FlowStats;
  /**
   * Takes no more sends (they reject with `closed`) and runs no more actions (their pages ask another server). Resolves once those
   * under way have settled, `sendTimeoutMs` at the latest, and the broker is closed, if a URL named it. A broker that was given
   * stays open. While actions are being saved it waits for their ends first, 10 s at the latest, so that their news is sent.
   */
  close(): Promise<void>;
}

/**
 * Creates the flow of a contract.
 *
 * ```ts
 * const flow = createFlow(app, { broker: 'memory:', single: true, secret, authenticate })
 * await flow.user('ada').send('TASK DONE', 'Message processed', { key: 'order-17' })
 * ```
 * @throws {RangeError} when an option is out of its bounds, or unsafe without `development` or `single`
 * @throws {TypeError} when `authenticate` or `broker` is missing
 */
export function createFlow<A extends Contract>(app: A, options: FlowOptions): Flow<A> {
  const resolved = resolveOptions(options);
  const { broker, basePath, report, wallClock } = resolved;
  const sender = createSender(resolved);
  const rights = createRights(app, report);
  const stores = createFlowStores(app, resolved, sender, rights);
  const events: A['events'] = app.events;
  return {
    user(id) {
      // A session's user is often `any`, and undefined when nobody is signed in: that would be a user of this name.
      if (typeof id !== 'string') throw new TypeError(`Cannot send to a user: the id is ${typeof id}, not a string`);
      return createAudience(sender, userLog(id), events);
    },
    everyone: createAudience(sender, EVERYONE, events),
    channel(pattern, params) {
      const channel = app.channels.find((channel) => channel.pattern === pattern);
      if (!channel) throw new RangeError(`Cannot send to "${pattern}": the contract has no such channel`);
      const log = fillPattern('channel', pattern, params);
      return createAudience(sender, log, channel.events as ChannelEvents<A, typeof pattern>);
    },
    allow: (pattern, rule) => rights.allow('channel', pattern, rule as Rule<string>),
    store: (pattern) => stores.open(pattern) as unknown as FlowStore<StoreOf<A, typeof pattern>>,
    snapshot: (me, wanted) => takeSnapshot(resolved, stores, me, wanted),
    revoke: (target) => revoke(sender, target, wallClock()),
    handler: createHandler(basePath, { ...createTokenRoutes(resolved, rights), ...stores.routes }, report),
    broker,
    stats: () => sender.stats(),
    async close() {
      const saved = stores.close();
      if (saved !== undefined) await saved; // before the sender, which tells followers of it
      await sender.close();
      if (resolved.ownsBroker) await broker.close();
    },
  };
}
