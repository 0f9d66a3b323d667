import type { LogName, Position } from 'message-flow/protocol';
import { type FaultLine, openFaultLine } from '../support/fault-line.ts';
import { findFreePorts } from '../support/nats-server.ts';
import { until } from '../support/until.ts';
import { type Crowd, ledgerOf, openCrowd, type Sabotage, splitNumbers } from './crowd.ts';
import type { BrokerLine, Engine, EngineServer } from './engine.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { readSharedMs } from './ledger.ts';
import type { Programs } from './programs.ts';
import type { Publishing } from './publisher.ts';
import { createRecord, type RunRecord } from './run-record.ts';
import type { Scope } from './scope.ts';
import { createWeb, type Web } from './web.ts';

/** How large a run is. */
export interface Size {
  readonly gateways: number;
  readonly screens: number;
  /** Processes in which the screens are. */
  readonly crowds: number;
  /** Between two entries of a log, of each web server, in milliseconds. */
  readonly intervalMs: number;
  /** How often a fault comes, where it comes more than once. */
  readonly rounds: number;
  /** Entries that flow before the first fault, and after the last. */
  readonly entriesAround: number;
  /** Screens of a reconnect storm. */
  readonly storm: number;
}

/** What a run is made of. */
export interface StageOptions {
  readonly engine: Engine;
  readonly size: Size;
  /** How many entries of a log are kept. */
  readonly maxEntries: number;
  readonly programs: Programs;
  /** Where all processes write. */
  readonly folder: string;
  readonly sabotage?: Sabotage | undefined;
  /** Screens come to their gateways over lines with faults. */
  readonly hasFronts?: boolean | undefined;
  /** What gateways and web servers get of an environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** All processes of a run, and what can be done to them. */
export interface Stage {
  readonly engine: Engine;
  readonly size: Size;
  readonly folder: string;
  readonly maxEntries: number;
  readonly server: EngineServer;
  readonly webs: readonly Web[];
  /** Ways from the web servers to the engine, in their order. */
  readonly webLines: readonly BrokerLine[];
  /** Gateways that run apart; none where the web server is one. */
  readonly gateways: readonly Gateway[];
  readonly gatewayLines: readonly BrokerLine[];
  readonly crowds: readonly Crowd[];
  /** Ways from screens to gateways, in their order; none, if they were not asked for. */
  readonly fronts: readonly FaultLine[];
  readonly record: RunRecord;
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

const WEBS = 2;
/** Longest wait for what has to happen, on a machine that does much else. */
const PATIENCE_MS = 90_000;
const LOOK_INTERVAL_MS = 50;

/** Starts everything, and waits until all screens are live; it ends with the scope. */
export async function openStage(scope: Scope, options: StageOptions): Promise<Stage> {
  const { engine, size, maxEntries, programs, folder, sabotage, hasFronts = false, env = {} } = options;
  const server = await engine.start(scope, { maxEntries, programs });
  const [gatewayCount, webCount] = engine.isEmbedded ? [0, 1] : [size.gateways, WEBS];
  const ports = await findFreePorts(gatewayCount + webCount);

  const webs: Web[] = [];
  const webLines: BrokerLine[] = [];
  for (const [number, port] of ports.slice(0, webCount).entries()) {
    const line = engine.isEmbedded ? undefined : await server.openLine();
    if (line) webLines.push(line);
    const told = { port, ledger: ledgerOf(folder, `web-${number}`), broker: line?.url ?? server.url };
    const options = { ...told, brokerOptions: server.brokerOptions, isGateway: engine.isEmbedded };
    webs.push(createWeb(scope, programs, options));
  }
  await Promise.all(webs.map((web) => web.start(env)));
  const record = await createRecord(scope, { folder, server, web: engine.isEmbedded ? webs[0] : undefined });

  const gateways: Gateway[] = [];
  const gatewayLines: BrokerLine[] = [];
  for (const port of ports.slice(webCount)) {
    const line = await server.openLine();
    gatewayLines.push(line);
    gateways.push(createGateway(scope, programs, { port, broker: line.url }));
  }
  await Promise.all(gateways.map((gateway) => gateway.start(env)));

  const crowds: Crowd[] = [];
  const webPorts = webs.map(({ port }) => port);
  const servers = engine.isEmbedded ? webPorts : gateways.map(({ port }) => port);
  const fronts = await Promise.all(hasFronts ? servers.map((port) => openFaultLine(port)) : []);
  for (const front of fronts) scope.defer(() => front.close());
  /** Where screens are led to, by the gateway's port. */
  const doors = new Map(servers.map((port, number) => [port, fronts[number]?.port ?? port]));
  const closed = new Set<Gateway>();
  for (const [number, numbers] of splitNumbers(size.screens, size.crowds).entries()) {
    const told = {
      ledger: ledgerOf(folder, `crowd-${number}`),
      webs: webPorts,
      gateways: [...doors.values()],
      numbers,
    };
    crowds.push(await openCrowd(scope, programs, { ...told, sabotage }));
  }

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
    const open = gateways.filter((gateway) => !closed.has(gateway)).map(({ port }) => doors.get(port) ?? port);
    await Promise.all(crowds.map((crowd) => crowd.balance(open)));
  }

  async function publish(change: Parameters<Stage['publish']>[0] = {}): Promise<void> {
    isPublishing = true;
    await Promise.all(webs.map((web) => web.publish({ ...settings, ...change })));
  }

  const stage: Stage = {
    ...{
      engine,
      size,
      folder,
      maxEntries,
      server,
      webs,
      webLines,
      gateways,
      gatewayLines,
      crowds,
      fronts,
      record,
      publish,
    },
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
      const ms = readSharedMs();
      if (engine.isEmbedded) await webs[0]?.start(env);
      else await server.start();
      await record.noteKept(ms);
      for (const line of lines) line.refuse(false);
      if (engine.isEmbedded && isPublishing) await publish();
    },
  };
  await stage.untilLive();
  return stage;
}
