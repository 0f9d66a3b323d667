import { type Broker, createBroker } from '../broker/index.ts';
import { createMistake } from './command-error.ts';
import type { GatewaySettings } from './gateway-options.ts';
import { formatReason } from './safe-text.ts';

/**
 * Makes the broker of a gateway's settings.
 * @throws {CommandError} when the URL names none
 */
export function openBroker({
  broker,
  single,
  development,
}: Pick<GatewaySettings, 'broker' | 'single' | 'development'>): Broker {
  try {
    return createBroker(broker, { single, development });
  } catch (error) {
    throw createMistake(formatReason(error));
  }
}
