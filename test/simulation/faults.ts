import type { FaultKind } from './plan.ts';
import type { Publishers } from './publishers.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedGateway } from './simulated-gateway.ts';
import type { World } from './world.ts';

/** What faults befall. */
export interface Fleet {
  readonly gateways: readonly SimulatedGateway[];
  readonly clients: readonly SimulatedClient[];
  readonly publishers: Publishers;
  /** A process for one that is gone. */
  replaceGateway(gone: SimulatedGateway): void;
  addClient(): void;
}

/** Does one fault, to one of those whom it may befall. */
export function befall(kind: FaultKind, world: World, fleet: Fleet): void {
  const { plan, random, timeline, engine, count } = world;
  const log = random.pick(plan.logs);
  const gateway = random.pick(fleet.gateways);
  const living = fleet.clients.filter(({ isDead }) => !isDead);
  const client = random.pick(living);
  count(`fault: ${kind}`);

  /** An engine that lost something lost its connections too; each gateway hears of it when it is connected again. */
  function breakConnections(): void {
    for (const { broker } of fleet.gateways) broker.cutLive(true);
  }

  switch (kind) {
    case 'roll-back': {
      const lostCount = random.between(1, 5);
      for (const name of random.chance(0.5) ? plan.logs : [log]) engine.rollBack(name, lostCount);
      breakConnections();
      break;
    }
    case 'restart':
      for (const name of random.chance(0.5) ? plan.logs : [log]) engine.restart(name);
      breakConnections();
      break;
    case 'trim':
      engine.trim(log, random.between(1, 4));
      break;
    case 'empty':
      engine.trim(log, 0);
      break;
    case 'expire':
      // As a log is never forgotten under its followers, nor while a key of it may be said again.
      if (fleet.publishers.openCount > 0 || fleet.gateways.some(({ broker }) => broker.follows(log))) return;
      engine.trim(log, 0);
      if (engine.expire(log)) count('log expired');
      break;
    case 'cut-live':
      gateway.broker.cutLive(false);
      break;
    case 'part-gateway':
      gateway.broker.part(random.between(100, 8_000));
      break;
    case 'kill-gateway':
      gateway.kill();
      timeline.at(timeline.now() + random.between(0, 3_000), () => fleet.replaceGateway(gateway));
      break;
    case 'drain-gateway': {
      if (!gateway.isOpen) return;
      const withinMs = random.between(1_000, 20_000);
      gateway.drain(withinMs);
      timeline.at(timeline.now() + random.between(0, withinMs), () => fleet.replaceGateway(gateway));
      break;
    }
    case 'cut-socket':
      client?.line?.cut();
      break;
    case 'darken-socket':
      client?.line?.darken();
      break;
    case 'stall-socket':
      client?.line?.stall(random.pick([200, 3_000, 36_000]));
      break;
    case 'reload':
      client?.reload();
      break;
    case 'crash':
      client?.reload('crash');
      break;
    case 'lose-places':
      client?.reload('lose');
      break;
    case 'close':
      client?.close();
      break;
    case 'sign-in':
      client?.signIn();
      break;
    case 'sign-out':
      client?.signOut();
      break;
    case 'follow-again':
      client?.followAgain();
      break;
    case 'wake':
      client?.wake();
      break;
    case 'leave':
      if (living.length > 1) client?.leave();
      break;
    case 'arrive':
      fleet.addClient();
      break;
    case 'burst':
      for (let left = random.between(5, 15); left > 0; left--) fleet.publishers.publish();
      break;
    default:
      kind satisfies never;
  }
}
