import type { Gateway } from '../gateway.ts';
import type { Scenario } from '../scenario.ts';

const ENTRIES_A_ROUND = 60;

/** One gateway after the other falls. */
export const gatewayKill: Scenario = {
  name: 'gateway-kill',
  says: '`kill -9` of one gateway after the other',
  fits: ({ isEmbedded }) => !isEmbedded,
  gaps: () => 'none',
  async run(stage) {
    const { gateways, size, record } = stage;
    for (let round = 0; round < size.rounds; round++) {
      const gateway = gateways[round % gateways.length] as Gateway;
      record.mark();
      await stage.endGateway(gateway, 'SIGKILL');
      await stage.untilPublished(ENTRIES_A_ROUND);
      await stage.startGateway(gateway);
      await stage.untilLive();
    }
    return undefined;
  },
};
