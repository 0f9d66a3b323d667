import type { Scenario } from '../scenario.ts';

/** Enough to fill what kernels hold for a reader, and then 30 s. */
const ENTRIES_A_WEB = 3_000;
const FILLER_BYTES = 16_384;
const SCREENS = 16;

/** Half of the screens read nothing for so long that gateways give them up. */
export const slowConsumer: Scenario = {
  name: 'slow-consumer',
  says: 'half of the screens read nothing until they are let go, the others are not held up',
  resize: (size) => ({ ...size, screens: SCREENS, crowds: 2 }),
  gaps: () => 'none',
  async run(stage) {
    const [slow] = stage.crowds;
    await stage.pause();
    await stage.publish({ fillerBytes: FILLER_BYTES / stage.webs.length });
    await slow?.stall(true);
    await stage.untilPublished(ENTRIES_A_WEB * stage.webs.length);
    stage.record.mark();
    await slow?.stall(false);
    await stage.untilLive();
    return (sightings) => (sightings.some(({ code }) => code === 4413) ? [] : ['nobody was let go as too slow']);
  },
};
