import { EVERYONE, type LogName, type Position, userLog } from 'message-flow/protocol';
import type { Positions } from '../../src/client/session-event.ts';
import { USER } from './plan.ts';
import type { World } from './world.ts';

/** What the backend answers; `truth`: where the logs ended, whatever a sabotaged answer says of it. */
export interface TokenAnswer {
  readonly token: string;
  readonly at: Positions;
  readonly truth: ReadonlyMap<LogName, Position>;
}

/** The logs that every connection follows. */
export const OWN_LOGS: readonly LogName[] = [userLog(USER), EVERYONE];

/** Asks the backend for a token; undefined when it is not available. */
export function fetchToken(
  { plan, random, timeline, engine, sabotage, rates }: World,
  logs: readonly LogName[],
  onAnswer: (answer: TokenAnswer | undefined) => void,
): void {
  const { maxMs, tokenFailure } = plan.network;
  const [there, back] = [random.between(0, maxMs), random.between(0, maxMs)];
  const isFailing = rates.isOn && random.chance(tokenFailure);
  timeline.at(timeline.now() + there, () => {
    const truth = new Map([...logs, ...OWN_LOGS].map((log) => [log, engine.top(log)]));
    const at: Record<string, Position> = {};
    for (const [log, top] of truth) {
      const place = sabotage.tokenPlace ? sabotage.tokenPlace(log, top) : top;
      if (place !== undefined) at[log] = place;
    }
    const token = `${USER}~${timeline.now() + plan.tokenLifeMs}`;
    timeline.at(timeline.now() + back, () => onAnswer(isFailing ? undefined : { token, at, truth }));
  });
}
