import { awaitWithin, type LogName, type Stop } from '../../protocol/index.ts';
import { STREAM_KINDS } from '../stream-kind.ts';
import { findLogPlace } from './collect.ts';
import type { NatsSession } from './nats-session.ts';
import type { Tail } from './tails.ts';

/** What a tail check works with. */
export interface TailCheckOptions {
  /** Longest time, in milliseconds, for which a dead connection or another leader goes unseen. */
  readonly tailCheckMs: number;
  readonly tails: () => readonly Tail[];
  readonly onInterrupted: (logs: readonly LogName[] | 'all') => void;
  /** There is another server to go to. */
  readonly canLeave: boolean;
  /** Called when the connection does not answer, or leads to a server that has lost the others. */
  readonly onDead: (reason: string) => void;
}

/** Rounds without a leader after which another server is tried: more than it takes to elect one. */
const MAX_LEADERLESS = 3;
/** Logs that are looked at in one round, in a cluster. */
const MAX_SWEPT = 100;

/**
 * Looks after the live end of a session until stopped, in rounds of half of `tailCheckMs`. A single server tells of every
 * loss by ending the connection. Servers of a cluster may lose messages between one another, of which nobody is told: a new
 * leader does not send what the old one stored last; and for the rest the ends of followed logs are looked at in turn.
 */
export function startTailCheck(session: NatsSession, options: TailCheckOptions): Stop {
  const { tailCheckMs, tails, canLeave, onInterrupted, onDead } = options;
  const { connection, clock } = session.api;
  const roundMs = tailCheckMs / 2;
  const isCluster = connection.info?.cluster !== undefined;
  let leaders = STREAM_KINDS.map((kind) => session.streams[kind].opened.leader).join();
  /** Ends of which followers were told. One that is on its way right now is told too, which costs a look. */
  const told = new WeakMap<Tail, number>();
  let next = 0;
  let leaderless = 0;
  let isStopped = false;
  let stopTimer = clock.after(roundMs, begin);

  function begin(): void {
    void round().then(() => {
      if (!isStopped) stopTimer = clock.after(roundMs, begin);
    });
  }

  /** Never rejects. */
  async function round(): Promise<void> {
    try {
      await awaitWithin(clock, roundMs, () => connection.flush());
    } catch {
      if (!isStopped) onDead(`it did not answer within ${roundMs} ms`);
      return;
    }
    try {
      const infos = await Promise.all(STREAM_KINDS.map((kind) => session.streams[kind].info()));
      leaderless = 0;
      const now = infos.map(({ leader }) => leader).join();
      const missed = now === leaders ? await sweep() : ('all' as const);
      leaders = now;
      if (!isStopped && missed.length > 0) onInterrupted(missed);
    } catch {
      // No leader answers. Messages may be lost until one does, the same one too: then it counts as another.
      leaders = 'unknown';
      leaderless++;
      if (leaderless >= MAX_LEADERLESS && canLeave && !isStopped) onDead('no leader answers there');
    }
  }

  /** Looks at the ends of some logs, and gives those that lie beyond what was heard. */
  async function sweep(): Promise<readonly LogName[]> {
    const all = isCluster ? tails() : [];
    const some = Array.from({ length: Math.min(MAX_SWEPT, all.length) }, () => all[next++ % all.length] as Tail);
    const missed = await Promise.all(some.map(async (tail) => ((await isMissed(tail)) ? [tail.log] : [])));
    return missed.flat();
  }

  async function isMissed(tail: Tail): Promise<boolean> {
    const { stream, subject } = findLogPlace(session, tail.log);
    const end = (await stream.last(subject))?.seq ?? 0;
    const known = Math.max(told.get(tail) ?? 0, tail.heard);
    told.set(tail, end);
    return end > known;
  }

  return () => {
    isStopped = true;
    stopTimer();
  };
}
