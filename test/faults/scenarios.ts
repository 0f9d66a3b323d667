import type { Scenario } from './scenario.ts';
import { brokerKill, brokerRestart } from './scenarios/broker-end.ts';
import { clockJump } from './scenarios/clock-jump.ts';
import { gatewayKill } from './scenarios/gateway-kill.ts';
import { brokerLines, partition, partitionLive } from './scenarios/partition.ts';
import { publisherKill } from './scenarios/publisher-kill.ts';
import { rollback } from './scenarios/rollback.ts';
import { rollingRestart } from './scenarios/rolling-restart.ts';
import { screenLines } from './scenarios/screen-lines.ts';
import { slowConsumer } from './scenarios/slow-consumer.ts';
import { storm } from './scenarios/storm.ts';
import { trimmed } from './scenarios/trimmed.ts';

/** All faults of the matrix, in the order of its rows. */
export const SCENARIOS: readonly Scenario[] = [
  ...[gatewayKill, rollingRestart, brokerKill, brokerRestart, partition, partitionLive, brokerLines],
  ...[screenLines, slowConsumer, publisherKill, trimmed, rollback, clockJump, storm],
];
