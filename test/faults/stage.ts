import type { LogName, Position } from 'message-flow/protocol';
import { until } from '../support/until.ts';
import { type Cast, type CastOptions, openCast } from './cast.ts';
import type { Gateway } from './gateway.ts';
import { readSharedMs } from './ledger.ts';
import type { Publishing } from './publisher.ts';
import type { Scope } from './scope.ts';

/** A run that goes on, and what can be done to it. */
export interface Stage extends Cast {
  /** Leads no more screens to a gateway, as a balancer does that finds it away or not ready, and ends it. */
  endGateway(gateway: Gateway, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again, and leads screens there. */
  startGateway(gateway: Gateway): Promise<void>;
  /** All web servers publish from now on, as the size says or otherwise. */
  publish(change?: Partial<Omit<Publishing, 'pending'>>): Promise<void>;
  /** No more is published; resolves once all is settled. */
  pause(): Promise<void>;
  /** Resolves once so many more entries are acknowledged. */
  untilPublished(count: number): Promise<void>;
  /** Waits for anything else. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** Resolves once all screens are live. */
  untilLive(): Promise<void>;
  /** Resolves once all screens stand where the logs end, or to false after a long time. Nothing may be published meanwhile. */
  untilDone(): Promise<boolean>;
  /** Ends the engine, does something, and starts it again; what it holds then is noted before anybody reaches it. */
  restartEngine(signal: 'SIGKILL' | 'SIGTERM', meanwhile?: () => Promise<void>): Promise<void>;
}

/** Longest wait for what has to happen, on a machine that does much else. */
const PATIENCE_MS = 90_000;
const LOOK_INTERVAL_MS = 50;

/** Starts everything, and waits until all screens are live; it ends with the scope. */
export async function openStage(scope: Scope, options: CastOptions): Promise<Stage> {
  const cast = await openCast(scope, options);
  const { engine, size, server, webs, webLines, gateways, gatewayLines, crowds, fronts, record } = cast;
  const { env = {} } = options;
  const closed = new Set<Gateway>();
  const settings = { intervalMs: size.intervalMs, fillerBytes: 0 };
  let isPublishing = false;

  async function countDone(ends: ReadonlyMap<LogName, Position>): Promise<{ live: number; done: number }> {
    const all = await Promise.all(crowds.map((crowd) => crowd.readStatus(ends)));
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    return {
      live: all.reduce((sum, { liveCount }) => sum + liveCount, 0),
      done: all.reduce((sum, { doneCount }) => sum + doneCount, 0),
    };
  }

  /** What processes that were killed meanwhile had counted is not: the rest goes on. */
  async function countPublished(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    const counts = await Promise.all(webs.map((web) => web.count()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async function balance(): Promise<void> {
    const doors = gateways.map((gateway, number) =>
      closed.has(gateway) ? undefined : (fronts[number] ?? gateway).port,
    );
    const open = doors.filter((port) => port !== undefined);
    await Promise.all(crowds.map((crowd) => crowd.balance(open)));
  }

  async function publish(change: Parameters<Stage['publish']>[0] = {}): Promise<void> {
    isPublishing = true;
    await Promise.all(webs.map((web) => web.publish({ ...settings, ...change })));
  }

  const stage: Stage = {
    ...cast,
    publish,
    async endGateway(gateway, signal) {
      closed.add(gateway);
      const ended = gateway.end(signal);
      await balance();
      await ended;
    },
    async startGateway(gateway) {
      await gateway.start(env);
      closed.delete(gateway);
      await balance();
    },
    async pause() {
      isPublishing = false;
      await Promise.all(webs.map((web) => web.pause()));
    },
    async untilPublished(count) {
      const end = (await countPublished()) + count;
      await until(async () => (await countPublished()) >= end, `${count} entries to be acknowledged`, PATIENCE_MS);
    },
    async until(condition, what) {
      await until(condition, what, PATIENCE_MS);
    },
    async untilLive() {
      const isLive = async () => (await countDone(new Map())).live === size.screens;
      await until(isLive, 'all screens to be live', PATIENCE_MS);
    },
    async untilDone() {
      const ends = await record.readTops();
      const isDone = async () => (await countDone(ends)).done === size.screens;
      return until(isDone, 'all screens to be at the end', PATIENCE_MS).catch(() => false);
    },
    async restartEngine(signal, meanwhile = async () => {}) {
      const lines = [...webLines, ...gatewayLines];
      if (engine.isEmbedded) await webs[0]?.end(signal);
      else await server.end(signal);
      await meanwhile();
      for (const line of lines) line.refuse(true);
      // In one process screens are back as soon as the engine is; else nobody reaches it yet, and what was on its way to screens
      // when it ended has come.
      let endedMs = readSharedMs();
      if (engine.isEmbedded) {
        await webs[0]?.start(env);
      } else {
        await server.start();
        endedMs = readSharedMs();
      }
      await record.noteKept(endedMs);
      for (const line of lines) line.refuse(false);
      if (engine.isEmbedded && isPublishing) await publish();
    },
  };
  await stage.untilLive();
  return stage;
}
