import { type Channel, matchPattern, type ParamsOf } from '../contract/index.ts';
import { findLogName, kindOf, type LogName, segmentsOf } from '../protocol/index.ts';
import type { Report } from './flow-event.ts';
import { HttpError } from './http-answer.ts';
import type { Identity } from './identity.ts';

/**
 * Says whether this user may follow the channel with these parameters. Anything but `true` refuses. Throw when it can't be
 * said now, as while the database is away: the token request is answered with 503, and the client keeps what it follows and
 * asks again. Runs at every token request, so a lost right ends within `tokenLifetimeMs`.
 */
export type Rule<Pattern extends string> = (
  identity: Identity,
  params: ParamsOf<Pattern>,
  request: Request,
) => boolean | Promise<boolean>;

/** A channel that somebody asks for, and the rule that decides. */
interface AskedChannel {
  readonly log: LogName;
  /**
   * Resolves to whether it is allowed.
   * @throws {HttpError} `unavailable` when the rule threw
   */
  decide(identity: Identity, request: Request): Promise<boolean>;
}

/** Who may follow what: nobody anything, but for what a rule allows. */
export interface Rights {
  /**
   * Sets the rule of a pattern.
   * @throws {RangeError} when the contract has no channel with this pattern, or it has a rule
   */
  allow(pattern: string, rule: Rule<string>): void;
  /** What a name asks for; undefined when it is no name of a log, no channel of the contract, or has no rule. */
  findAsked(name: string): AskedChannel | undefined;
}

/** Creates rights that deny everything. */
export function createRights(channels: readonly Channel[], report: Report): Rights {
  const rules = new Map<string, Rule<string>>();
  return {
    allow(pattern, rule) {
      if (!channels.some((channel) => channel.pattern === pattern)) {
        const patterns = channels.map((channel) => channel.pattern).join('", "');
        throw new RangeError(`Cannot allow "${pattern}": the contract has no such channel, it has "${patterns}"`);
      }
      // Replacing one silently would let whichever file is loaded last decide.
      if (rules.has(pattern)) throw new RangeError(`Cannot allow "${pattern}": it has a rule`);
      rules.set(pattern, rule);
    },
    findAsked(name) {
      const log = findLogName(name);
      if (log === undefined || kindOf(log) !== 'channel') return undefined;
      const segments = segmentsOf(log);
      for (const [pattern, rule] of rules) {
        const params = matchPattern(pattern, segments);
        if (params)
          return { log, decide: (identity, request) => decide(log, pattern, () => rule(identity, params, request)) };
      }
      return undefined;
    },
  };

  async function decide(log: LogName, pattern: string, ask: () => boolean | Promise<boolean>): Promise<boolean> {
    try {
      return (await ask()) === true;
    } catch (error) {
      report({ type: 'allow-failed', log, pattern, error });
      // A refusal would end the channel on the page for good, and the rule has said none.
      throw new HttpError('unavailable', 'Cannot issue a token: the rule of a channel failed');
    }
  }
}
