import { LOGS } from '../fault-app.ts';
import type { Scenario } from '../scenario.ts';

const KEPT_ENTRIES = 150;
/** So many more than are kept, in each log on average; the slowest of them must pass it too. */
const MORE_ENTRIES = 100;
const HASTE_MS = 10;

/** While screens are away more is said than is kept. */
export const trimmed: Scenario = {
  name: 'trimmed',
  says: 'while screens have no gateway, more is said than is kept',
  maxEntries: KEPT_ENTRIES,
  hasFronts: true,
  // The gateway goes on in the one process that is all, and its ring may have what the log has not.
  gaps: ({ isEmbedded }) => (isEmbedded ? 'what-was-lost' : 'one'),
  async run(stage) {
    const { gateways, fronts, record } = stage;
    await stage.pause();
    await stage.untilDone();
    for (const gateway of gateways) await stage.endGateway(gateway, 'SIGKILL');
    for (const front of fronts) front.refuse(true);
    await stage.publish({ intervalMs: HASTE_MS });
    await stage.untilPublished(LOGS.length * (stage.maxEntries + MORE_ENTRIES));
    await stage.pause();
    await record.noteTrimmed();
    for (const front of fronts) front.refuse(false);
    for (const gateway of gateways) await stage.startGateway(gateway);
    await stage.untilLive();
    await stage.untilDone();
    record.mark();
    await stage.publish();
    return undefined;
  },
};
