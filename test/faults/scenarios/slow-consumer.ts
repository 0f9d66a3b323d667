import { readSharedMs } from '../ledger.ts';
import type { Scenario } from '../scenario.ts';

/** For longer than a connection without signs of life is kept by either side. */
const ENTRIES_A_WEB = 700;
const INTERVAL_MS = 200;
/** More than kernels hold for who does not read. */
const FILLER_BYTES = 65_536;
const SCREENS = 16;

/** Half of the screens read nothing, again and again, until their connections are given up. */
export const slowConsumer: Scenario = {
  name: 'slow-consumer',
  says: 'half of the screens read nothing of large entries until their connections are given up, and then go on',
  resize: (size) => ({ ...size, screens: SCREENS, crowds: 2 }),
  gaps: () => 'none',
  async run(stage) {
    const [slow] = stage.crowds;
    await stage.pause();
    await stage.publish({ intervalMs: INTERVAL_MS, fillerBytes: FILLER_BYTES / stage.webs.length });
    const began = readSharedMs();
    await slow?.stall(true);
    await stage.untilPublished(ENTRIES_A_WEB * stage.webs.length);
    stage.record.mark();
    await slow?.stall(false);
    await stage.untilLive();
    return (sightings) => {
      const hasEnded = sightings.some(({ type, ms }) => type === 'ended' && ms > began);
      return hasEnded ? [] : ['patient: nobody gave a connection up over which nothing was read'];
    };
  },
};
