import type { Logger } from 'pino';
import type { Broker } from '../broker/index.ts';
import type { Clock } from '../protocol/index.ts';
import { createInlet, type Inlet, type InletEvent } from '../proxy/index.ts';
import { createFailure, createMistake } from './command-error.ts';
import type { ProxySettings } from './proxy-options.ts';
import { findErrorCode, formatReason } from './safe-text.ts';

/** True when old publishers are to be served. */
export function hasInlet({ xsub, pull }: ProxySettings): boolean {
  return xsub !== undefined || pull !== undefined;
}

/**
 * Opens the inlet of a proxy's settings.
 * @throws {CommandError} when it is not asked for as it must be, or can't listen
 */
export async function openInlet(
  { xsub, pull, dialect }: ProxySettings,
  broker: Broker,
  log: Logger,
  clock: Clock,
): Promise<Inlet> {
  if (dialect.length === 0) {
    throw createMistake('Cannot serve old publishers that may speak anything: list what they speak by --dialect');
  }
  const onEvent = (event: InletEvent) => logInletEvent(log, event);
  try {
    return await createInlet({ broker, clock, xsub, pull, dialects: dialect, onEvent });
  } catch (error) {
    throw error instanceof RangeError ? createMistake(formatReason(error)) : createFailure(formatReason(error), error);
  }
}

/** Logs what an inlet reports; its events hold no data. */
function logInletEvent(log: Logger, event: InletEvent): void {
  switch (event.type) {
    case 'messages-lost':
      log.warn({ reason: event.reason, count: event.count }, event.type);
      break;
    case 'broker-away':
      log.error({ code: findErrorCode(event.error), reason: formatReason(event.error) }, event.type);
      break;
    case 'broker-back':
      log.info(event.type);
      break;
    case 'fault':
      log.error({ during: event.during, reason: formatReason(event.error) }, event.type);
      break;
    default:
      event satisfies never;
  }
}
