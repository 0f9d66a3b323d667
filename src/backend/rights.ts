import { type Contract, matchPattern, type ParamsOf } from '../contract/index.ts';
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

/** What is followed by a right. */
type Kind = 'channel' | 'store';

/** A channel or store that somebody asks for, and the rule that decides. */
interface AskedLog {
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
   * @throws {RangeError} when the contract has no channel or store with this pattern, or it has a rule
   */
  allow(kind: Kind, pattern: string, rule: Rule<string>): void;
  /** What a name asks for; undefined when it is no name of a log, not in the contract, or has no rule. */
  findAsked(name: string): AskedLog | undefined;
}

/** Creates rights that deny everything. */
export function createRights({ channels, stores }: Contract, report: Report): Rights {
  const rules: { readonly kind: Kind; readonly pattern: string; readonly rule: Rule<string> }[] = [];
  return {
    allow(kind, pattern, rule) {
      const patterns = (kind === 'channel' ? channels : stores).map((named) => named.pattern);
      if (!patterns.includes(pattern)) {
        const state = `the contract has no such ${kind}, it has "${patterns.join('", "')}"`;
        throw new RangeError(`Cannot allow "${pattern}": ${state}`);
      }
      // Replacing one silently would let whichever file is loaded last decide.
      if (rules.some((other) => other.kind === kind && other.pattern === pattern)) {
        throw new RangeError(`Cannot allow "${pattern}": it has a rule`);
      }
      rules.push({ kind, pattern, rule });
    },
    findAsked(name) {
      const log = findLogName(name);
      if (log === undefined) return undefined;
      const segments = segmentsOf(log);
      for (const { kind, pattern, rule } of rules) {
        const params = kind === kindOf(log) && matchPattern(pattern, segments);
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
      throw new HttpError('unavailable', 'Cannot answer: the rule of a log failed');
    }
  }
}
