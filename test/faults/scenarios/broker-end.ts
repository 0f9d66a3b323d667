import type { Scenario } from '../scenario.ts';

const ENTRIES_A_ROUND = 60;

/** The engine ends and is started again, time after time. */
function createBrokerEnd(
  row: Pick<Scenario, 'name' | 'says'>,
  signal: 'SIGKILL' | 'SIGTERM',
  keeping: NonNullable<Scenario['keeping']>,
): Scenario {
  return {
    ...row,
    keeping,
    gaps: (engine) => (keeping(engine) === 'all' ? 'none' : 'what-was-lost'),
    async run(stage) {
      for (let round = 0; round < stage.size.rounds; round++) {
        await stage.restartEngine(signal);
        stage.record.mark();
        await stage.untilPublished(ENTRIES_A_ROUND);
        await stage.untilLive();
      }
      return undefined;
    },
  };
}

export const brokerKill: Scenario = createBrokerEnd(
  { name: 'broker-kill', says: '`kill -9` of the engine' },
  'SIGKILL',
  ({ afterKill }) => afterKill,
);

export const brokerRestart: Scenario = createBrokerEnd(
  { name: 'broker-restart', says: 'a clean restart of the engine' },
  'SIGTERM',
  ({ afterStop }) => afterStop,
);
