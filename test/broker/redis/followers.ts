import type { Broker } from 'message-flow/broker';
import { type LogName, type Position, userLog } from 'message-flow/protocol';
import { nodeClock } from '../../../src/gateway/host/node-clock.ts';
import type { RawSocket } from '../../gateway/raw-socket.ts';
import { startGateway, type TestGateway } from '../../gateway/test-gateway.ts';
import { until } from '../../support/until.ts';
import { say } from './redis-world.ts';

const ADA = userLog('ada');
/** Longer than a server, a failover and our way back to it take. */
const PATIENCE_MS = 30_000;

/** A gateway on a broker, and a screen that follows ada's log live. */
export async function follow(broker: Broker): Promise<{ gateway: TestGateway; follower: RawSocket }> {
  const gateway = await startGateway({ broker, clock: nodeClock });
  const follower = await gateway.connect('ada');
  await sees(follower, (text) => text.includes('"LIVE"') && text.includes(ADA), 'the log to be live');
  return { gateway, follower };
}

/** Waits until a screen was sent this. */
export function sees(socket: RawSocket, fits: (text: string) => boolean, what: string): Promise<string> {
  return until(() => socket.texts.find(fits), what, PATIENCE_MS);
}

/** True for the frame that says that ada's log is not what it was. */
export function isReset(text: string): boolean {
  return text.includes('"GAP"') && text.includes(ADA) && text.includes('"reset"');
}

/** Appends, as soon as Redis takes entries again. */
export async function saySoon(broker: Broker, log: LogName, ...keys: readonly string[]): Promise<Position> {
  let at: Position | undefined;
  for (const key of keys) at = await until(() => say(broker, log, key).catch(() => undefined), `"${key}"`, PATIENCE_MS);
  return at as Position;
}
