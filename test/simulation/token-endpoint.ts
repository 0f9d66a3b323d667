import { EVERYONE, type LogName, type Position, userLog } from 'message-flow/protocol';
import type { Positions } from '../../src/client/session-event.ts';
import type { World } from './world.ts';

/** What the backend answers; `truth`: where the logs ended, whatever a sabotaged answer says of it. */
export interface TokenAnswer {
  readonly token: string;
  readonly user: string;
  readonly at: Positions;
  readonly truth: ReadonlyMap<LogName, Position>;
}

/** Asks the backend for a token of whose cookie is sent along, if anybody's. */
export function fetchToken(
  { plan, random, timeline, engine, sabotage, rates }: World,
  user: string | undefined,
  logs: readonly LogName[],
  onAnswer: (answer: TokenAnswer | 'unavailable' | 'signed-out') => void,
): void {
  const { maxMs, tokenFailure } = plan.network;
  const [there, back] = [random.between(0, maxMs), random.between(0, maxMs)];
  const isFailing = rates.isOn && random.chance(tokenFailure);
  timeline.at(timeline.now() + there, () => {
    const answer = user === undefined ? 'signed-out' : answerTo(user);
    timeline.at(timeline.now() + back, () => onAnswer(isFailing ? 'unavailable' : answer));
  });

  function answerTo(user: string): TokenAnswer {
    const truth = new Map([...logs, userLog(user), EVERYONE].map((log) => [log, engine.top(log)]));
    const at: Record<string, Position> = {};
    for (const [log, top] of truth) {
      const place = sabotage.tokenPlace ? sabotage.tokenPlace(log, top) : top;
      if (place !== undefined) at[log] = place;
    }
    return { token: `${user}~${timeline.now() + plan.tokenLifeMs}`, user, at, truth };
  }
}
