import { existsSync } from 'node:fs';
import type { BrokerOptions } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { type Child, startChild } from './child.ts';
import { type Note, readNotes } from './ledger.ts';
import type { Programs } from './programs.ts';
import type { Pending, Publishing } from './publisher.ts';
import type { Scope } from './scope.ts';
import type { Holding } from './witness.ts';

/** What its program is told. */
export interface WebOptions {
  readonly port: number;
  readonly ledger: string;
  readonly broker: string;
  readonly brokerOptions: BrokerOptions;
  /** It is the gateway too. */
  readonly isGateway: boolean;
}

/** A web server of a run: gives tokens, and publishes. */
export interface Web {
  readonly port: number;
  /** Starts it, or starts it again. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Begins to publish; first what an earlier process of it left open. */
  publish(publishing: Omit<Publishing, 'pending'>): Promise<void>;
  /** Resolves once all that was begun is settled. */
  pause(): Promise<void>;
  /** What was said and not settled, by its own notes. */
  findPending(): Pending[];
  /** How many entries its process got acknowledged. */
  count(): Promise<number>;
  readTops(): Promise<Map<LogName, Position>>;
  read(): Promise<Holding[]>;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Makes a web server that does not run yet; it ends with the scope. */
export function createWeb(scope: Scope, { web: file }: Programs, options: WebOptions): Web {
  let child: Child | undefined;
  const ask = <T>(name: string, given?: unknown): Promise<T> => {
    if (!child) throw new Error(`Cannot ask a web server to ${name}: it was not started`);
    return child.ask<T>(name, given);
  };
  return {
    port: options.port,
    async start(env = {}) {
      child = startChild(scope, { file, args: [JSON.stringify(options)], env, isAsked: true });
      await ask('listen');
    },
    publish: (publishing) => ask('publish', { ...publishing, pending: findPending(options.ledger) }),
    findPending: () => findPending(options.ledger),
    pause: () => ask('pause'),
    count: () => ask('count'),
    readTops: async () => new Map(await ask<[LogName, Position][]>('tops')),
    read: () => ask('read'),
    end: async (signal) => child?.end(signal),
  };
}

function findPending(ledger: string): Pending[] {
  const open = new Map<string, Pending>();
  const idOf = ({ log, key }: Pending) => `${log} ${key}`;
  for (const note of existsSync(ledger) ? readNotes(ledger) : ([] as Note[])) {
    if (note.type === 'invoked') open.set(idOf(note), { log: note.log, key: note.key });
    if (note.type === 'acknowledged') open.delete(idOf(note));
  }
  return [...open.values()];
}
