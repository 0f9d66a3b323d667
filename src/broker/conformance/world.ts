import {
  type EncodedJson,
  findPositionParts,
  formatPosition,
  joinLogName,
  type LogName,
  type Position,
  type PositionParts,
  type StartPosition,
} from '../../protocol/index.ts';
import type { Broker, Entry, NewEntry } from '../broker.ts';
import type { Follower, Listener } from './follower.ts';

/** Does to an engine what the world does to it. */
export interface BrokerFaults {
  /**
   * Breaks the connection over which the broker hears its live end, and returns once it is broken; the broker mends it by
   * itself. Left out by an engine whose live end can't break: it is held to deliver everything.
   */
  readonly cutLive?: (broker: Broker) => Promise<void> | void;
  /**
   * Lets everything go that the log holds, as retention does in time, without forgetting where it ended. An engine that
   * proves a quiet log's end by what its server took after it lets something come after it first.
   */
  readonly trim: (broker: Broker, log: LogName) => Promise<void> | void;
  /** Lets the engine lose everything, so that it numbers anew; gives the broker to go on with, the same or a new one. */
  readonly reset: (broker: Broker) => Promise<Broker> | Broker;
}

/** What a claim is tried on: a broker of its own, and logs that no other claim uses. */
export interface World {
  readonly broker: Broker;
  readonly faults: BrokerFaults;
  readonly patienceMs: number;
  /** Names a channel's log that nobody used before. */
  name(...segments: readonly string[]): LogName;
  /** Names a run's log that nobody used before. */
  nameRun(): LogName;
  /** Opens another broker, as another process does. It is closed in the end. */
  openBroker(): Promise<Broker>;
  /** Closes this broker too in the end. */
  own(broker: Broker): Broker;
  /** Appends one entry for each key, each after the one before it was taken. */
  say(log: LogName, ...keys: readonly string[]): Promise<void>;
  /** All entries after a position, which must be no gap. */
  readAll(log: LogName, after: StartPosition): Promise<readonly Entry[]>;
  topOf(log: LogName): Promise<Position>;
  listen(log: LogName): Promise<Listener>;
  follow(log: LogName, after: Position): Promise<Follower>;
}

/** Something that is true of a broker, by what it says: rejects if it is not. */
export type Claims = Readonly<Record<string, (world: World) => Promise<void>>>;

/** JSON that an engine spoils as soon as it parses it, or takes it for text of another kind. */
export const DELICATE_DATA: readonly EncodedJson[] = [
  '{"n":12345678901234567890.000100,"e":1E+2,"z":-0}',
  '{ "b" : 1,\t"a" : [ ],\n "b" : 2 }',
  '"\u2028\u2029 and \\u2028, é and \\u00e9, 𝄞 and \\ud834\\udd1e, \ufeff\\u0000"',
  '"half a pair: \\ud834"',
  '"<3 $& %s {0} \\\\ \\" \' ` ; -- \\r\\n"',
  '{"__proto__":{"x":1}}',
  'null',
  '0',
  '""',
  '[[[[[[[[]]]]]]]]',
] as EncodedJson[];

/** An entry whose data tells its key. */
export function entryOf(key: string, data: string = JSON.stringify({ key }), event = 'said'): NewEntry {
  return { key, event, data: data as EncodedJson };
}

export function keysOf(entries: readonly Entry[]): string[] {
  return entries.map(({ key }) => key);
}

/** `count` keys in a row. */
export function countKeys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key ${i + 1}`);
}

export function partsOf(at: Position): PositionParts {
  const parts = findPositionParts(at);
  if (!parts) throw new Error(`"${at}" is no position`);
  return parts;
}

/** The same position with other parts. */
export function alter(at: Position, parts: Partial<PositionParts>): Position {
  return formatPosition({ ...partsOf(at), ...parts });
}

/** A whole name, as long as names may be. */
export function padName(log: LogName, bytes: number, last: string): LogName {
  const [, ...segments] = log.split('/');
  return joinLogName('channel', [...segments, `${'x'.repeat(bytes - log.length - 2)}${last}`]);
}
