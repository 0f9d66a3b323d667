import type { Health } from '../broker.ts';
import type { Calls } from './calls.ts';

/** Says whether Redis works, and since when. */
export interface HealthWatch {
  /** Never rejects, and settles within the time limit of calls. */
  check(): Promise<Health>;
}

/**
 * Creates what asks every leader how it is.
 * @param wallClock milliseconds since 1970
 */
export function createHealthWatch(calls: Calls, wallClock: () => number): HealthWatch {
  let latest: Health = { ok: true, since: wallClock() };

  async function findFault(): Promise<string | undefined> {
    try {
      const reports = await calls.askAll('ask Redis how it is', (server) => server.info());
      return reports.map(findFaultOf).find((fault) => fault !== undefined);
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

/** What is wrong with a server, by what INFO says of it. */
function findFaultOf(info: string): string | undefined {
  const find = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const policy = find('maxmemory_policy');
  if (find('loading') === '1') return 'Redis is loading its data';
  if (find('role') === 'slave') return 'Redis is a replica here, and takes no entries: name its leader';
  if (policy !== undefined && policy !== 'noeviction') {
    return `Redis drops entries when its memory is full: its maxmemory-policy is ${policy}, set noeviction`;
  }
  return undefined;
}
