import type { BrokerLine } from '../engine.ts';
import type { Scenario } from '../scenario.ts';
import type { Web } from '../web.ts';

const ENTRIES_A_ROUND = 15;

/** A publisher dies when its entry is stored and it does not know yet; the next one says it again, with its key. */
export const publisherKill: Scenario = {
  name: 'publisher-kill',
  says: '`kill -9` of a publisher between append and answer; its successor says it again with its key',
  fits: ({ isEmbedded }) => !isEmbedded,
  gaps: () => 'none',
  async run(stage) {
    const [web, line] = [stage.webs[0] as Web, stage.webLines[0] as BrokerLine];
    let pendingCount = 0;
    for (let round = 0; round < stage.size.rounds; round++) {
      line.freeze('answers');
      const isStored = async () => {
        const pending = web.findPending();
        const stored = new Set((await stage.record.read()).flatMap(({ entries }) => entries.map(({ key }) => key)));
        pendingCount += pending.length;
        return pending.length > 0 && pending.every(({ key }) => stored.has(key));
      };
      await stage.until(isStored, 'what has no answer to be stored');
      await web.end('SIGKILL');
      stage.record.mark();
      line.thaw();
      await web.start();
      await stage.publish();
      await stage.until(async () => (await web.count()) > ENTRIES_A_ROUND, 'the successor to go on');
    }
    return () => (pendingCount > 0 ? [] : ['no publisher died between append and answer']);
  },
};
