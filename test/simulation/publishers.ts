import { encodeJson } from 'message-flow/protocol';
import type { World } from './world.ts';

/** Who appends, and says again with the same key what was not answered. */
export interface Publishers {
  /** Appends once; goes on until it is answered. */
  publish(): void;
  /** Appends whose outcome is not yet known, and tries still under way. */
  readonly openCount: number;
}

const ANSWER_TIMEOUT_MS = 2_000;

/** Creates publishers to all logs of a world. `keyOf`: the key of one try, the same each time as it should be. */
export function createPublishers({ plan, random, timeline, engine, rates, note }: World): Publishers {
  let lastKey = 0;
  let openCount = 0;

  return {
    get openCount() {
      return openCount;
    },
    publish() {
      const log = random.pick(plan.logs);
      const key = `k${++lastKey}`;
      const data = encodeJson({
        key,
        pad: 'x'.repeat(
          random.chance(plan.maxDataBytes > 1_000 ? 0.6 : 0.1) ? random.between(0, plan.maxDataBytes) : 0,
        ),
      });
      let isSettled = false;
      note({ type: 'invoked', ms: timeline.now(), log, key });
      if (random.chance(0.02)) {
        note({ type: 'failed', ms: timeline.now(), log, key });
        return;
      }
      openCount++;

      function attempt(): void {
        if (isSettled) return;
        const { requestLoss, answerLoss, maxMs } = plan.publishing;
        const sentMs = timeline.now();
        const isStored = !(rates.isOn && random.chance(requestLoss));
        const storedMs = sentMs + random.between(0, maxMs);
        const answerMs = storedMs + random.between(0, maxMs);
        const isAnswered = isStored && !(rates.isOn && random.chance(answerLoss));
        if (!isAnswered || answerMs > sentMs + ANSWER_TIMEOUT_MS) timeline.at(sentMs + ANSWER_TIMEOUT_MS, giveUp);
        if (!isStored) return;
        openCount++;
        timeline.at(storedMs, () => {
          openCount--;
          const at = engine.store(log, { key, event: 'E', data });
          if (!isAnswered) return;
          timeline.at(answerMs, () => {
            if (isSettled) return;
            isSettled = true;
            openCount--;
            note({ type: 'acknowledged', ms: timeline.now(), log, key, at: plan.engine.tellsPlace ? at : null });
          });
        });
      }

      function giveUp(): void {
        if (isSettled) return;
        note({ type: 'unknown', ms: timeline.now(), log, key });
        timeline.at(timeline.now() + random.between(0, 1_000), attempt);
      }
      attempt();
    },
  };
}
