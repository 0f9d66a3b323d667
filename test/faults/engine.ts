import type { BrokerOptions } from 'message-flow/broker';
import type { FaultLine } from '../support/fault-line.ts';
import type { Programs } from './programs.ts';
import type { Scope } from './scope.ts';

/** What an engine has of what it acknowledged, after its process was killed. */
type Keeping = 'all' | 'some' | 'nothing';

/** One row of the table of engines: all that a run has to know of one. */
export interface Engine {
  readonly name: string;
  /** What it was told to keep, in words. */
  readonly says: string;
  readonly afterKill: Keeping;
  /** After it was ended as an operator does. */
  readonly afterStop: Keeping;
  /** It lives in the one process that is web server and gateway too, so that there is nothing else to start. */
  readonly isEmbedded: boolean;
  /** Entries come to gateways over connections of their own, so that they alone may be cut. */
  readonly hasLiveLine: boolean;
  /** It keeps data on disk, of which there may be an older copy. */
  readonly hasSnapshots: boolean;
  /** How many entries of a log it keeps whatever a web server says: each process that reads it counts by itself. */
  readonly ownMaxEntries?: number;
  /** Its name and version, from its own mouth; nothing, where it is a part of ours. */
  readVersion(): string | undefined;
  /** Starts it with nothing in it; it ends with the scope. */
  start(scope: Scope, options: EngineOptions): Promise<EngineServer>;
}

/** How an engine is started. */
interface EngineOptions {
  /** How many entries of a log it keeps. */
  readonly maxEntries: number;
  readonly programs: Programs;
}

/** An engine that runs. */
export interface EngineServer {
  /** Straight to it, over no line. */
  readonly url: string;
  /** What brokers at it are opened with. */
  readonly brokerOptions: BrokerOptions;
  /** Opens a way to it of its own, with faults; it closes with the scope. */
  openLine(): Promise<BrokerLine>;
  /** Ends it: as a fallen machine would, or as an operator does. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again, on the same data and at the same place. */
  start(): Promise<void>;
  /** Keeps a copy of its data; gives what puts it back. Only while it is ended. */
  copyData(): Promise<() => Promise<void>>;
}

/** A way from one process to the engine. */
export interface BrokerLine extends Pick<FaultLine, 'cut' | 'thaw' | 'refuse' | 'delay'> {
  readonly url: string;
  /**
   * Nothing gets through. `live`: on the connections over which entries come at that moment; what is asked is answered, and
   * new connections are free. `answers`: only what is asked arrives.
   */
  freeze(what: 'all' | 'live' | 'answers'): void;
}
