import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';

const JUMPS: readonly string[] = ['+1h', '+0', '-1d', '+0', '+30d', '+0'];
const ENTRIES_A_JUMP = 60;

/** The clocks of gateways and web servers jump under them, as Debian's `faketime` does it; the engine's and the screens' do not. */
export const clockJump: Scenario = {
  name: 'clock-jump',
  says: `the clocks of gateways and web servers jump: ${JUMPS.join(', ')}`,
  gaps: () => 'none',
  prepare(folder) {
    writeFileSync(clockOf(folder), JUMPS.at(-1) as string);
    return {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: clockOf(folder),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', // timers go on: it is the time of day that jumps
    };
  },
  async run(stage) {
    for (const jump of JUMPS) {
      stage.record.mark();
      writeFileSync(clockOf(stage.folder), jump);
      await stage.untilPublished(ENTRIES_A_JUMP);
      await stage.untilLive();
    }
    return undefined;
  },
};

function clockOf(folder: string): string {
  return join(folder, 'clock');
}

/** The library that `faketime` loads. */
function findLibrary(): string {
  const files = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error('Cannot let clocks jump: install faketime by .ci/install faketime');
  return found;
}
