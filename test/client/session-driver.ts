import type { ConnectionStatus, SessionEffect, SessionEvent } from 'message-flow/client';
import { createSession, type Session } from 'message-flow/client';
import type { LogName, Position } from 'message-flow/protocol';

export const ME = 'user/ada' as LogName;
export const ALL = 'everyone' as LogName;
export const PROJECT = 'channel/project/p1' as LogName;
export const ANSWER = { [ME]: at(10), [ALL]: at(20) };

/** A position in epoch `e`, or in another. */
export function at(offset: number, epoch = 'e'): Position {
  return `${epoch}:${offset}:` as Position;
}

type Effect<Type extends SessionEffect['type']> = Extract<SessionEffect, { type: Type }>;

/** A session in time that moves only when told to, and all that it asked for. */
export interface SessionDriver {
  readonly session: Session;
  readonly status: ConnectionStatus;
  readonly now: number;
  /** What `random` gives. */
  chance: number;
  step(event: SessionEvent): void;
  /** Moves time on, with a `timer` whenever the session wants one. */
  advance(ms: number): void;
  /** Moves time on until the session asks for a socket. */
  advanceToOpen(): void;
  /** Moves time on at once: the timer, if due, comes late. */
  stall(ms: number): void;
  /** Milliseconds until the session wants its timer. */
  readonly waitMs: number;
  /** What was asked for since the last call of `clear`, but for timers. */
  readonly effects: readonly SessionEffect[];
  /** The effects of one type since the last call of `clear`. */
  all<Type extends SessionEffect['type']>(type: Type): Effect<Type>[];
  /** The frames that were sent since the last call of `clear`; a heartbeat is `<3`. */
  sent(): unknown[];
  clear(): void;
  /** A gateway's frame comes. */
  say(id: string, data?: object): void;
  /** An entry comes. */
  enter(log: LogName, place: Position, data?: unknown): void;
  answerToken(answer?: Partial<Extract<SessionEvent, { type: 'token' }>>): void;
  /** From wherever it waits to AUTH OK. */
  authenticate(): void;
  /** From `start` to the state `live`. */
  goLive(...logs: LogName[]): void;
}

export function createSessionDriver(): SessionDriver {
  let now = 1_000;
  let timerAt = Number.POSITIVE_INFINITY;
  let effects: SessionEffect[] = [];
  const session = createSession({ random: () => driver.chance });

  const driver: SessionDriver = {
    session,
    chance: 0.5,
    get status() {
      return session.status;
    },
    get now() {
      return now;
    },
    get waitMs() {
      return timerAt - now;
    },
    get effects() {
      return effects;
    },
    step(event) {
      if (event.type === 'timer') timerAt = Number.POSITIVE_INFINITY;
      for (const effect of session.step(event, now)) {
        if (effect.type === 'timer') timerAt = effect.atMs;
        else effects.push(effect);
      }
    },
    advance(ms) {
      const end = now + ms;
      while (timerAt <= end) {
        now = Math.max(now, timerAt);
        driver.step({ type: 'timer' });
      }
      now = end;
    },
    advanceToOpen() {
      driver.clear();
      while (driver.all('open').length === 0) driver.advance(Math.ceil(driver.waitMs));
    },
    stall(ms) {
      now += ms;
      if (timerAt <= now) driver.step({ type: 'timer' });
    },
    all: <Type extends SessionEffect['type']>(type: Type) =>
      effects.filter((effect): effect is Effect<Type> => effect.type === type),
    sent: () => driver.all('send').map(({ text }) => (text === '<3' ? text : JSON.parse(text))),
    clear() {
      effects = [];
    },
    say: (id, data) => driver.step({ type: 'text', text: JSON.stringify({ id, data }) }),
    enter(log, place, data = null) {
      driver.step({ type: 'text', text: JSON.stringify({ id: 'said', data, log, at: place }) });
    },
    answerToken(answer) {
      driver.step({ type: 'token', token: 'good', user: 'ada', at: ANSWER, refused: [], ...answer });
    },
    authenticate() {
      driver.step({ type: 'opened' });
      driver.say('AUTH OK', { user: 'ada', heartbeatMs: 25_000 });
    },
    goLive(...logs) {
      driver.step({ type: 'start' });
      for (const log of logs) driver.step({ type: 'follow', log });
      driver.advance(0);
      driver.answerToken({ at: { ...ANSWER, ...Object.fromEntries(logs.map((log) => [log, at(30)])) } });
      driver.authenticate();
      for (const { log, position } of session.logs.values()) driver.say('LIVE', { log, at: position });
      driver.clear();
    },
  };
  return driver;
}

/** A frame of ours, as it is sent. */
export function auth(logs: object, token = 'good'): object {
  return { id: 'AUTH', data: { token, logs } };
}
