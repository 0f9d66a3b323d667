import type { Scenario } from '../scenario.ts';

const ENTRIES_LOST = 200;

/** The engine is started with an older copy of its data: as after a power loss, or by an operator's mistake. */
export const rollback: Scenario = {
  name: 'rollback',
  says: 'the engine is put back to an older copy of its data',
  fits: ({ hasSnapshots }) => hasSnapshots,
  keeping: () => 'some',
  gaps: () => 'one',
  async run(stage) {
    let putBack = async (): Promise<void> => {};
    await stage.pause();
    await stage.untilDone();
    await stage.restartEngine('SIGTERM', async () => {
      putBack = await stage.server.copyData();
    });
    await stage.publish();
    await stage.untilPublished(ENTRIES_LOST);
    await stage.pause();
    await stage.untilDone();
    await stage.restartEngine('SIGKILL', putBack);
    stage.record.mark();
    await stage.publish();
    return undefined;
  },
};
