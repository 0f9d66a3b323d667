import type { Health } from '../broker.ts';
import type { Calls } from './calls.ts';

const SLOT_COUNT = '16384';

/** Says whether Redis works, and since when. */
export interface HealthWatch {
  /** Never rejects, and settles within the time limit of calls. */
  check(): Promise<Health>;
}

/**
 * Creates what asks every leader how it is.
 * @param isCluster whether they are meant to be of a cluster
 * @param wallClock milliseconds since 1970
 */
export function createHealthWatch(calls: Calls, isCluster: boolean, wallClock: () => number): HealthWatch {
  let latest: Health = { ok: true, since: wallClock() };

  async function findFault(): Promise<string | undefined> {
    try {
      const reports = await calls.askAll('ask Redis how it is', async (server) => [
        await server.info(),
        isCluster ? await server.call('CLUSTER', 'INFO') : '',
      ]);
      const faults = reports.map((report) => findFaultOf(report.join('\r\n'), isCluster));
      return faults.find((fault) => fault !== undefined);
    } catch (error) {
      return calls.explain('ask Redis how it is', error).message;
    }
  }

  return {
    async check() {
      const reason = await findFault();
      const isSame = latest.ok === (reason === undefined);
      const since = isSame ? latest.since : wallClock();
      latest = reason === undefined ? { ok: true, since } : { ok: false, since, reason };
      return latest;
    },
  };
}

/** What is wrong with a server, by what INFO and CLUSTER INFO say of it. */
function findFaultOf(info: string, isCluster: boolean): string | undefined {
  const find = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const policy = find('maxmemory_policy');
  const served = isCluster ? find('cluster_slots_ok') : SLOT_COUNT;
  if (find('loading') === '1') return 'Redis is loading its data';
  if (find('role') === 'slave') return 'Redis is a replica here, and takes no entries: name its leader';
  if (!isCluster && find('cluster_enabled') === '1')
    return 'Redis is one of a cluster here: name it by redis+cluster://';
  if (served !== SLOT_COUNT) return `Redis serves ${served} slots of its cluster, not ${SLOT_COUNT}`;
  if (policy !== undefined && policy !== 'noeviction') {
    return `Redis drops entries when its memory is full: its maxmemory-policy is ${policy}, set noeviction`;
  }
  return undefined;
}
