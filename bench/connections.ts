/** What a connection costs a gateway that has nothing to say. Control: `ws` alone, without tokens, logs or positions. */
import { type Kind, startParties } from './parties.ts';
import type { Row } from './table.ts';

const COUNT = 4_000;
/** Opened first, so that what is made once is not counted. */
const WARM = 500;

export async function measureConnections(): Promise<Row[]> {
  const [own, control] = [await measure('gateway'), await measure('control')];
  return [
    { what: 'memory of an idle connection', unit: 'KiB', value: own.kib, control: control.kib },
    { what: 'processor to take one in', unit: 'µs', value: own.us, control: control.us },
  ];
}

async function measure(kind: Kind): Promise<{ kib: number; us: number }> {
  const parties = await startParties(kind);
  try {
    await parties.open(WARM);
    const before = await parties.order({ type: 'measure' });
    await parties.open(COUNT);
    const after = await parties.order({ type: 'measure' });
    return {
      kib: (after.residentBytes - before.residentBytes) / COUNT / 1024,
      us: (after.cpuUs - before.cpuUs) / COUNT,
    };
  } finally {
    await parties.close();
  }
}
