import type { Logger } from 'pino';
import type { GatewayEvent } from '../gateway/host/node.ts';
import { findErrorCode, formatReason, formatSafe } from './safe-text.ts';

/** Logs what a gateway reports. Its events hold no token and no data; what came from outside is bounded and escaped. */
export function logGatewayEvent(log: Logger, event: GatewayEvent): void {
  switch (event.type) {
    case 'connection-opened':
      log.debug({ connection: event.connection }, event.type);
      break;
    case 'connection-authenticated':
      log.info(
        {
          ...{ connection: event.connection, user: formatSafe(event.user, 200) },
          ...(event.dialect && { dialect: event.dialect }),
        },
        event.type,
      );
      break;
    case 'authentication-refused':
      log.info({ connection: event.connection, reason: formatSafe(event.reason) }, event.type);
      break;
    case 'connection-closed': {
      const user = event.user === undefined ? {} : { user: formatSafe(event.user, 200) };
      log.info(
        { connection: event.connection, ...user, code: event.code, reason: formatSafe(event.reason) },
        event.type,
      );
      break;
    }
    case 'upgrade-refused':
      log.info({ status: event.status, reason: formatSafe(event.reason) }, event.type);
      break;
    case 'revoked':
      log.info({ connections: event.connections }, event.type);
      break;
    case 'draining':
      log.info({ connections: event.connections, withinMs: event.withinMs }, event.type);
      break;
    case 'fault': {
      const place = {
        during: formatSafe(event.during),
        ...(event.log === undefined ? {} : { log: formatSafe(event.log) }),
      };
      log.error({ ...place, code: findErrorCode(event.error), reason: formatReason(event.error) }, event.type);
      break;
    }
    default:
      event satisfies never;
  }
}
