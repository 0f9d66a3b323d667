import { readFileSync } from 'node:fs';
import type { Scenario } from '../scenario.ts';

const CROWDS = 4;
/** So that what is measured is coming back, not being told. */
const INTERVAL_MS = 5_000;
const ENTRIES_AROUND = 12;

/** What a process has open beside sockets of screens. */
const OTHER_FILES = 1_000;

/** All screens lose all gateways in one moment. */
export const storm: Scenario = {
  name: 'storm',
  says: 'all gateways are killed in one moment, under many screens',
  resize: (size) => ({
    ...size,
    screens: size.storm,
    crowds: CROWDS,
    ...{ intervalMs: INTERVAL_MS, entriesAround: ENTRIES_AROUND },
  }),
  gaps: ({ isEmbedded }) => (isEmbedded ? 'what-was-lost' : 'none'),
  keeping: ({ isEmbedded }) => (isEmbedded ? 'nothing' : 'all'),
  async run(stage) {
    const { gateways, record, size } = stage;
    checkOpenFiles(size.screens + OTHER_FILES);
    record.mark();
    if (gateways.length === 0) await stage.restartEngine('SIGKILL');
    await Promise.all(gateways.map((gateway) => stage.endGateway(gateway, 'SIGKILL')));
    for (const gateway of gateways) await stage.startGateway(gateway);
    await stage.untilLive();
    return undefined;
  },
};

/** One gateway may have all screens for a moment. Node raises its limit to the highest that it may have. */
function checkOpenFiles(needed: number): void {
  const [, most = '0'] = /^Max open files +\d+ +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  if (most === 'unlimited' || Number(most) >= needed) return;
  throw new Error(`Cannot run a storm: a process may open ${most} files, ${needed} are needed: ulimit -Hn ${needed}`);
}
