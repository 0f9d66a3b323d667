import type { Calls } from './calls.ts';

/** Where each slot of a cluster is, as it was last asked. */
export interface Slots {
  /** The server, `host:port`, that has a channel's slot; undefined while none is known to. */
  find(channel: string): Promise<string | undefined>;
  /** Asks the cluster anew. */
  refresh(): Promise<void>;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly place: string;
}

/** Creates what knows where slots are, and asks for it when it is first used. */
export function createSlots(calls: Calls): Slots {
  let known: Promise<readonly Range[]> | undefined;

  function ask(): Promise<readonly Range[]> {
    const asked = calls
      .ask('find the servers of the cluster', (client) => client.call('CLUSTER', 'SLOTS'))
      .then(readRanges);
    known = asked;
    asked.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked;
  }

  return {
    async find(channel) {
      const slot = slotOf(channel);
      return (await (known ?? ask())).find(({ first, last }) => first <= slot && slot <= last)?.place;
    },
    async refresh() {
      await ask();
    },
  };
}

/** The slot of a key or channel, by what stands between its first braces. Redis Cluster Specification: CRC16 (XMODEM) mod 16384. */
export function slotOf(name: string): number {
  const tag = /\{([^}]+)\}/.exec(name)?.[1] ?? name;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc % 16_384;
}

function readRanges(reply: unknown): readonly Range[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((item) => {
    const [first, last, leader] = Array.isArray(item) ? item : [];
    const [host, port] = Array.isArray(leader) ? leader : [];
    return Number.isInteger(first) && Number.isInteger(last) && host && port
      ? [{ first, last, place: `${host}:${port}` }]
      : [];
  });
}
