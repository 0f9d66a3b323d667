import { createBroker } from 'message-flow/broker';
import { findPositionParts, formatPosition, type LogName, type Position } from 'message-flow/protocol';
import type { Fact } from '../simulation/history.ts';
import { ledgerOf } from './crowd.ts';
import type { EngineServer } from './engine.ts';
import { LOGS } from './fault-app.ts';
import { openLedger, readSharedMs } from './ledger.ts';
import type { Scope } from './scope.ts';
import type { Web } from './web.ts';
import { createWitness, type Holding } from './witness.ts';

/** What the engine held when it was started again, before anybody said anything new. */
export interface Restart {
  readonly ms: number;
  readonly log: LogName;
  readonly keys: ReadonlySet<string>;
}

/** What the run itself knows, beside what publishers and screens do: what logs held, and when. */
export interface RunRecord {
  readonly restarts: readonly Restart[];
  /** Since when things are to be well again, in shared milliseconds. */
  readonly marks: readonly number[];
  readTops(): Promise<ReadonlyMap<LogName, Position>>;
  /** All that logs hold. */
  read(): Promise<Holding[]>;
  /** Time to recover counts from now on. */
  mark(): void;
  /** Notes what logs hold since the engine's start at that time. Nothing may have been published since. */
  noteKept(ms: number): Promise<void>;
  /** Notes that what lies before the oldest entry of each log was dropped. Nothing may be published meanwhile. */
  noteTrimmed(): Promise<void>;
  /** Notes that all faults are over, and all screens had the time they need. */
  noteHealed(): void;
}

/** Creates the record of a run whose logs are empty. */
export async function createRecord(
  scope: Scope,
  { folder, server, web }: { folder: string; server: EngineServer; web: Web | undefined },
): Promise<RunRecord> {
  const ledger = openLedger(ledgerOf(folder, 'run'));
  scope.defer(() => ledger.close());
  const witness = web ? undefined : createWitness(openOwnBroker());
  const readTops = async () => (witness ? witness.tops(LOGS) : (web as Web).readTops());
  const read = async (): Promise<Holding[]> => (witness ? witness.read(LOGS) : (web as Web).read());
  const restarts: Restart[] = [];
  const marks: number[] = [];
  const note = (fact: Fact) => ledger.write(fact, true);

  function openOwnBroker() {
    const broker = createBroker(server.url, { development: true, ...server.brokerOptions });
    scope.defer(() => broker.close());
    return broker;
  }

  const beginnings = await readTops();
  for (const [log, top] of beginnings) note({ type: 'kept', ms: 0, log, cause: 'created', after: top, top });

  return {
    restarts,
    marks,
    readTops,
    read,
    mark: () => void marks.push(readSharedMs()),
    async noteKept(ms) {
      for (const { log, top, entries } of await read()) {
        const beginning = beginnings.get(log) as Position;
        const isSame = epochOf(beginning) === epochOf(top);
        if (!isSame && entries.length > 0) throw new Error(`Cannot judge ${log}: a new epoch begins with entries`);
        note({
          type: 'kept',
          ms,
          log,
          cause: isSame ? 'rolled-back' : 'restarted',
          after: isSame ? beginning : top,
          top,
        });
        if (!isSame) beginnings.set(log, top);
        restarts.push({ ms, log, keys: new Set(entries.map(({ key }) => key)) });
      }
    },
    async noteTrimmed() {
      const ms = readSharedMs();
      for (const { log, top, entries } of await read()) {
        const [first] = entries;
        if (!first) throw new Error(`Cannot judge ${log}: nothing of it is kept`);
        const { epoch, offset } = partsOf(first.at);
        const { previous } = first;
        const before = { epoch, offset: previous?.offset ?? offset - 1, tag: previous?.tag ?? '' };
        note({ type: 'kept', ms, log, cause: 'trimmed', after: formatPosition(before), top });
      }
    },
    noteHealed: () => note({ type: 'healed', ms: readSharedMs() }),
  };
}

function partsOf(at: Position) {
  const parts = findPositionParts(at);
  if (!parts) throw new RangeError(`Cannot read the position "${at}"`);
  return parts;
}

function epochOf(at: Position): string {
  return partsOf(at).epoch;
}
