import type { Broker, Health } from '../broker/index.ts';
import { EVERYONE, isJsonObject } from '../protocol/index.ts';
import { CommandError } from './command-error.ts';
import { askGateway } from './gateway-request.ts';
import type { Io } from './io.ts';
import { openBroker } from './open-broker.ts';
import { formatReason, formatSafe } from './safe-text.ts';
import { getSigningSecret } from './subject.ts';
import { tryWebSocket } from './web-socket-trial.ts';

/** What one check found. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'skipped';
  readonly detail: string;
}

const BROKER_TIMEOUT_MS = 5_000;

/** Asks a broker whether it works; `memory:` is in the process itself. Never rejects. */
export async function checkBroker(
  settings: Parameters<typeof openBroker>[0],
  isSet: boolean,
  { clock }: Io,
): Promise<Finding> {
  const name = 'broker';
  if (!isSet) return { name, state: 'skipped', detail: 'name one by --broker' };
  if (/^memory:/i.test(settings.broker)) return { name, state: 'ok', detail: 'memory: is in the process itself' };
  try {
    const broker = openBroker(settings);
    let stop = () => {};
    const late = new Promise<{ ok: false; reason: string }>((resolve) => {
      stop = clock.after(BROKER_TIMEOUT_MS, () =>
        resolve({ ok: false, reason: `no answer within ${BROKER_TIMEOUT_MS / 1_000} s` }),
      );
    });
    const health = await Promise.race([findBrokerHealth(broker), late]);
    stop();
    await broker.close();
    if (health.ok) return { name, state: 'ok', detail: formatSafe(settings.broker) };
    return {
      name,
      state: 'failed',
      detail: `${formatSafe(settings.broker)}: ${formatSafe(health.reason ?? 'it does not work')}`,
    };
  } catch (error) {
    return { name, state: 'failed', detail: formatFault(error) };
  }
}

/** A server that is well may still lack what we need of it, such as Redis our functions: so it is asked for a log's end too. */
async function findBrokerHealth(broker: Broker): Promise<Pick<Health, 'ok' | 'reason'>> {
  const health = await broker.health();
  if (!health.ok) return health;
  try {
    await broker.tops([EVERYONE]);
    return health;
  } catch (error) {
    return { ok: false, reason: formatReason(error) };
  }
}

/** Asks a running gateway how it is. Never rejects. */
export async function checkRoute(gateway: string, route: 'health' | 'ready', { signal }: Io): Promise<Finding> {
  const name = route;
  try {
    const { status, json } = await askGateway({ gateway, route, signal });
    if (status === 200 && isJsonObject(json))
      return { name, state: 'ok', detail: route === 'health' ? Object.keys(json).join(', ') : '' };
    if (status !== 503 || !isJsonObject(json)) {
      return {
        name,
        state: 'failed',
        detail: `no gateway answers at ${gateway}, the answer was ${status}: one alone has its routes at "/", the example at "/gateway"; what stands before it may keep this one back, as the pool's nginx does`,
      };
    }
    const detail = route === 'ready' ? 'its broker is away, or it is about to end: see its log' : formatHealth(json);
    return { name, state: 'failed', detail };
  } catch (error) {
    return { name, state: 'failed', detail: formatFault(error) };
  }
}

/** Opens a WebSocket, and signs in where there is a secret: a finding each. Never rejects. */
export async function checkWebSocket(
  url: string,
  secrets: readonly string[],
  development: boolean,
  io: Io,
): Promise<readonly Finding[]> {
  const hasSecret = secrets.length > 0 || development;
  const skipped: Finding = {
    name: 'token',
    state: 'skipped',
    detail: 'set the secret by FLOW_SECRET or --secret-file to sign in',
  };
  try {
    const secret = hasSecret ? getSigningSecret(secrets, development) : undefined;
    const refusal = await tryWebSocket(url, secret, io);
    const token: Finding =
      refusal === undefined
        ? { name: 'token', state: 'ok', detail: 'signed, and taken' }
        : { name: 'token', state: 'failed', detail: refusal };
    return [{ name: 'websocket', state: 'ok', detail: url }, hasSecret ? token : skipped];
  } catch (error) {
    return [
      { name: 'websocket', state: 'failed', detail: formatFault(error) },
      hasSecret ? { ...skipped, detail: 'there is no connection to try it on' } : skipped,
    ];
  }
}

function formatHealth(parts: Record<string, unknown>): string {
  const broken = Object.entries(parts).filter(([, part]) => isJsonObject(part) && part.ok !== true);
  return broken
    .map(([part, health]) => `${part}: ${formatSafe(String(isJsonObject(health) ? health.reason : ''))}`)
    .join('; ');
}

function formatFault(error: unknown): string {
  return error instanceof CommandError ? error.messages.join('; ') : formatReason(error);
}
