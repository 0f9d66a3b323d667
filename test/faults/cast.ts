import { type FaultLine, openFaultLine } from '../support/fault-line.ts';
import { findFreePorts } from '../support/free-ports.ts';
import { type Crowd, ledgerOf, openCrowd, type Sabotage, splitNumbers } from './crowd.ts';
import type { BrokerLine, Engine, EngineServer } from './engine.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Programs } from './programs.ts';
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
export interface CastOptions {
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

/** All processes of a run, and the ways between them. */
export interface Cast {
  readonly engine: Engine;
  readonly size: Size;
  /** Where all processes write. */
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
}

const WEBS = 2;

/** Starts everything; it ends with the scope. */
export async function openCast(scope: Scope, options: CastOptions): Promise<Cast> {
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

  const webPorts = webs.map(({ port }) => port);
  const servers = engine.isEmbedded ? webPorts : gateways.map(({ port }) => port);
  const fronts = await Promise.all(hasFronts ? servers.map((port) => openFaultLine(port)) : []);
  for (const front of fronts) scope.defer(() => front.close());
  const doors = hasFronts ? fronts.map(({ port }) => port) : servers;

  const crowds: Crowd[] = [];
  for (const [number, numbers] of splitNumbers(size.screens, size.crowds).entries()) {
    const told = { ledger: ledgerOf(folder, `crowd-${number}`), webs: webPorts, gateways: doors, numbers, sabotage };
    crowds.push(await openCrowd(scope, programs, told));
  }
  return { engine, size, folder, maxEntries, server, webs, webLines, gateways, gatewayLines, crowds, fronts, record };
}
