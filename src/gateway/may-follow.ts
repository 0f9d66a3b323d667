import { kindOf, type LogName, segmentsOf, type TokenClaims } from '../protocol/index.ts';

/**
 * Decides who may follow a log, from its name and the token alone: everyone's and one's own by kind, channels and stores
 * as the token lists them. There are no rules at the gateway, no wildcards, no callbacks.
 */
export function mayFollow(log: LogName, { sub, logs }: Pick<TokenClaims, 'sub' | 'logs'>): boolean {
  const kind = kindOf(log);
  switch (kind) {
    case 'everyone':
      return true;
    case 'user':
    case 'run':
      return segmentsOf(log)[0] === sub;
    case 'channel':
    case 'store':
      return logs.includes(log);
    case 'canary':
      return logs.includes(log); // only a gateway signs such a token, for its own health check
    case 'control':
      return false;
  }
}
