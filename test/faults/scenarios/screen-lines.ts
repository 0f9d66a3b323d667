import type { Scenario } from '../scenario.ts';

const ENTRIES_BESIDE = 60;
const SLOW_MS = 200;
/** Wherever in a message that is. */
const CUT_AFTER_BYTES = 3_333;

/** What networks do to screens, one after the other. */
export const screenLines: Scenario = {
  name: 'screen-lines',
  says: 'lines of screens that are slow, are reset, are cut within a message, stand still, and are half-open',
  hasFronts: true,
  gaps: () => 'none',
  async run(stage) {
    const { fronts } = stage;
    for (const front of fronts) front.delay(SLOW_MS);
    await stage.untilPublished(ENTRIES_BESIDE);
    for (let round = 0; round < stage.size.rounds; round++) {
      stage.record.mark();
      for (const front of fronts) front.cut();
      await stage.untilPublished(ENTRIES_BESIDE);
    }
    for (const front of fronts) front.delay(0);
    for (const front of fronts) front.cutAfter(CUT_AFTER_BYTES);
    await stage.untilPublished(2 * ENTRIES_BESIDE);
    for (const front of fronts) front.cutAfter(Number.POSITIVE_INFINITY);
    await stage.untilLive();
    for (const front of fronts) front.abandon();
    await stage.untilLive();
    // Until screens give up by themselves: nothing tells them that the line stands still.
    for (const front of fronts) front.freeze();
    const { openedCount } = fronts[0] as (typeof fronts)[number];
    await stage.until(() => (fronts[0]?.openedCount ?? 0) > openedCount, 'a screen to leave a line that stands still');
    stage.record.mark();
    for (const front of fronts) front.thaw();
    await stage.untilLive();
    return undefined;
  },
};
