import type { BrokerLine } from '../engine.ts';
import type { Scenario } from '../scenario.ts';

/** What flows while a line stands still: some seconds. */
const ENTRIES_BESIDE = 400;
const SLOW_MS = 150;

/** Nothing passes between a gateway and the engine, and nobody is told. */
export const partition: Scenario = {
  name: 'partition',
  says: 'nothing passes between a gateway and the engine, for some seconds',
  fits: ({ isEmbedded }) => !isEmbedded,
  gaps: () => 'none',
  async run(stage) {
    for (let round = 0; round < stage.size.rounds; round++) {
      const line = stage.gatewayLines[round % stage.gatewayLines.length] as BrokerLine;
      line.freeze('all');
      await stage.untilPublished(ENTRIES_BESIDE);
      stage.record.mark();
      line.thaw();
      await stage.untilPublished(ENTRIES_BESIDE);
    }
    return undefined;
  },
};

/** Entries do not come any more, and nobody is told, while all else works: it must be found out, and they must be fetched. */
export const partitionLive: Scenario = {
  name: 'partition-live',
  says: 'the live connections to the engine stand still, and stay so: it must be found out',
  fits: ({ hasLiveLine }) => hasLiveLine,
  gaps: () => 'none',
  async run(stage) {
    stage.record.mark();
    for (const line of stage.gatewayLines) line.freeze('live');
    await stage.untilPublished(ENTRIES_BESIDE);
    await stage.pause();
    const isDone = await stage.untilDone();
    for (const line of stage.gatewayLines) line.thaw();
    await stage.publish();
    return () => (isDone ? [] : ['unseen: that the live way was cut was not found out']);
  },
};

/** The ways to the engine are slow, and are reset time after time. */
export const brokerLines: Scenario = {
  name: 'broker-lines',
  says: `lines to the engine that take ${SLOW_MS} ms more, are reset, and refuse for some seconds`,
  fits: ({ isEmbedded }) => !isEmbedded,
  gaps: () => 'none',
  async run(stage) {
    const lines = [...stage.gatewayLines, ...stage.webLines];
    for (const line of lines) line.delay(SLOW_MS);
    for (let round = 0; round < stage.size.rounds; round++) {
      for (const line of lines) {
        line.cut();
        await stage.untilPublished(10);
      }
      for (const line of stage.gatewayLines) line.refuse(true);
      await stage.untilPublished(60);
      stage.record.mark();
      for (const line of stage.gatewayLines) line.refuse(false);
      await stage.untilPublished(60);
    }
    for (const line of lines) line.delay(0);
    return undefined;
  },
};
