import { kindOf, type LogName, type Position, type StartPosition } from 'message-flow/protocol';
import { createSession } from '../../src/client/session.ts';
import type { Positions, Session, SessionEffect, SessionEvent } from '../../src/client/session-event.ts';
import { isAtTops, savedPlaces } from './client-places.ts';
import { USER } from './plan.ts';
import type { LineEvents, SimulatedLine } from './simulated-line.ts';
import { fetchToken, OWN_LOGS } from './token-endpoint.ts';
import type { World } from './world.ts';

/** A screen: the real session machine, with a simulated token endpoint, socket and `sessionStorage`. */
export interface SimulatedClient {
  readonly id: string;
  readonly isDead: boolean;
  readonly line: SimulatedLine | undefined;
  /** It follows, has caught up, and stands where the engine's logs end. */
  isAtTop(): boolean;
  /** The page is left and loaded again, with the positions that it saved on leaving. */
  reload(): void;
  /** Leaves a channel or run and comes back to it, perhaps within a tick. */
  followAgain(): void;
  wake(): void;
  /** The page is closed for good. */
  leave(): void;
}

/** Opens a page. */
export function createSimulatedClient(
  world: World,
  id: string,
  openLine: (events: LineEvents) => SimulatedLine,
): SimulatedClient {
  const { plan, random, timeline, engine, sabotage, note, count, trace } = world;
  const others = plan.logs.filter((log) => !OWN_LOGS.includes(log));
  /** Logs whose beginning is written in the history. */
  const announced = new Set<LogName>();
  let session: Session;
  let line: SimulatedLine | undefined;
  let saved: Positions = {};
  let former: Positions = {};
  let fetchId = 0;
  let timerMs = Number.POSITIVE_INFINITY;
  let isDead = false;
  let isLoading = false;

  function step(event: SessionEvent): void {
    if (isDead || isLoading) return;
    for (const effect of session.step(event, timeline.now())) perform(effect);
  }

  function perform(effect: SessionEffect): void {
    switch (effect.type) {
      case 'fetch-token':
        askForToken(effect.logs);
        break;
      case 'open':
        openSocket();
        break;
      case 'send':
        trace?.(`${id} sends ${effect.text}`);
        line?.send(sabotage.request ? sabotage.request(effect.text) : effect.text);
        break;
      case 'close':
        line?.close();
        line = undefined;
        break;
      case 'deliver': {
        const { log, at, replayed } = effect;
        const { key } = effect.data as { key: string };
        note({ type: 'delivered', ms: timeline.now(), follower: id, log, key, at });
        if (replayed) count('delivered late');
        break;
      }
      case 'gap':
        note({ type: 'gap', ms: timeline.now(), follower: id, log: effect.log, at: effect.at, reason: effect.reason });
        break;
      case 'live': {
        const at = session.logs.get(effect.log)?.position;
        if (at && at !== 'start') note({ type: 'live', ms: timeline.now(), follower: id, log: effect.log, at });
        break;
      }
      case 'unsubscribed':
        count('unsubscribed');
        break;
      case 'state':
        count(`client ${effect.status.state}: ${effect.status.reason}`);
        break;
      case 'timer':
        setTimer(effect.atMs);
        break;
    }
  }

  function setTimer(atMs: number): void {
    timerMs = Math.max(atMs, timeline.now());
    const mine = session;
    timeline.at(Math.ceil(timerMs), () => {
      if (session !== mine || timeline.now() < timerMs) return;
      timerMs = Number.POSITIVE_INFINITY;
      step({ type: 'timer' });
    });
  }

  function askForToken(logs: readonly LogName[]): void {
    const [fetch, mine] = [++fetchId, session];
    fetchToken(world, logs, (answer) => {
      if (isDead || fetch !== fetchId || session !== mine) return;
      if (!answer) return step({ type: 'token-failed', reason: 'unavailable' });
      const { token, at, truth } = answer;
      step({ type: 'token', token, user: USER, at, refused: [], saved });
      announce(truth);
    });
  }

  /** Writes where a log begins, once that is known. A token that should have said so, and did not, binds all the same. */
  function announce(truth: ReadonlyMap<LogName, Position>, only?: LogName): void {
    for (const { log, position } of session.logs.values()) {
      if (announced.has(log) || (only !== undefined && log !== only)) continue;
      if (position === undefined && kindOf(log) === 'channel') continue;
      announced.add(log);
      note({ type: 'followed', ms: timeline.now(), follower: id, log, from: position ?? truth.get(log) ?? null });
    }
  }

  function openSocket(): void {
    const mine = session;
    const isMine = () => session === mine && line === opened;
    const opened: SimulatedLine = openLine({
      opened: () => isMine() && step({ type: 'opened' }),
      text: (text) => isMine() && hear(text),
      closed: (code) => {
        if (!isMine()) return;
        line = undefined;
        count(`socket closed: ${code}`);
        step({ type: 'closed', code });
      },
    });
    line = opened;
    trace?.(`${id} opens a socket`);
  }

  function hear(sent: string): void {
    const text = sabotage.frame ? sabotage.frame(sent, (log) => session.logs.get(log)?.position) : sent;
    if (text === undefined) return;
    trace?.(`${id} hears ${text}`);
    if (sabotage.isSavedLate) former = savedPlaces(session);
    step({ type: 'text', text });
  }

  function load(): void {
    isLoading = false;
    // What was saved goes on: the history is not told of a new beginning, so that one that is none shows.
    for (const log of announced) if (saved[log] === undefined) announced.delete(log);
    session = createSession({ random: random.next });
    timerMs = Number.POSITIVE_INFINITY;
    step({ type: 'start' });
    for (const log of others) follow(log);
  }

  function follow(log: LogName): void {
    const from: StartPosition | undefined =
      kindOf(log) === 'run' ? undefined : random.pick([undefined, undefined, 'start', engine.top(log)]);
    const isKnown = session.logs.has(log);
    step({ type: 'follow', log, from: saved[log] ?? from });
    if (!isKnown) announce(new Map(), log);
  }

  load();
  return {
    id,
    get isDead() {
      return isDead;
    },
    get line() {
      return line;
    },
    isAtTop: () => isDead || (!isLoading && isAtTops(session, plan.logs, engine.isEnd)),
    reload() {
      if (isDead || isLoading) return;
      saved = sabotage.isSavedLate ? former : savedPlaces(session);
      line?.close();
      line = undefined;
      isLoading = true;
      fetchId++;
      timeline.at(timeline.now() + random.between(1, 2_000), load);
    },
    followAgain() {
      const log = others[0];
      if (isDead || isLoading || log === undefined || !session.logs.has(log)) return;
      const mine = session;
      note({ type: 'unfollowed', ms: timeline.now(), follower: id, log });
      const { [log]: _, ...rest } = saved;
      saved = rest;
      announced.delete(log);
      step({ type: 'unfollow', log });
      const back = () => {
        if (session === mine && !isDead && !isLoading) follow(log);
      };
      if (random.chance(0.3)) back();
      else timeline.at(timeline.now() + random.between(0, 3_000), back);
    },
    wake: () => step(random.chance(0.5) ? { type: 'wake' } : { type: 'visibility', isHidden: random.chance(0.5) }),
    leave() {
      if (isDead) return;
      isDead = true;
      note({ type: 'dead', ms: timeline.now(), follower: id });
      if (random.chance(0.5)) line?.close();
      else line?.cut();
    },
  };
}
