import { kindOf, type LogName, type Position, type StartPosition } from 'message-flow/protocol';
import type { PositionStore } from '../../src/client/position-store.ts';
import { createSession } from '../../src/client/session.ts';
import type { Session, SessionEffect, SessionEvent } from '../../src/client/session-event.ts';
import { openBrowser } from './browser.ts';
import { isAtTops } from './client-places.ts';
import { GUEST, USER } from './plan.ts';
import { createScreens, isFor } from './screens.ts';
import type { LineEvents, SimulatedLine } from './simulated-line.ts';
import { fetchToken, type TokenAnswer } from './token-endpoint.ts';
import type { World } from './world.ts';

/** A browser's tab: the real session machine and keeper of positions, with a simulated token endpoint, socket and storage. */
export interface SimulatedClient {
  readonly id: string;
  readonly isDead: boolean;
  readonly line: SimulatedLine | undefined;
  /** It follows, has caught up, and stands where the engine's logs end. */
  isAtTop(): boolean;
  /**
   * The page is left and loaded again, with the positions that it saved on leaving; `crash`: with those that it had saved
   * before; `lose`: with none, as a new tab.
   */
  reload(how?: 'crash' | 'lose'): void;
  /** The app closes its client, and connects it again later. */
  close(): void;
  /** Another user signs in, and the app closes and connects, loads its page again, or does not know yet. */
  signIn(): void;
  /** The user signs out, perhaps everywhere, and somebody signs in later. */
  signOut(): void;
  /** Leaves a channel or run and comes back to it, perhaps within a tick. */
  followAgain(): void;
  wake(): void;
  /** The page is closed for good. */
  leave(): void;
  /** A page that shows another user than is signed in, and does not know yet, is loaded again. */
  showRightUser(): void;
  /** Nothing more is owed to users who do not look at it. */
  dismissAbsent(): void;
}

/** Opens a page. */
export function createSimulatedClient(
  world: World,
  id: string,
  openLine: (events: LineEvents) => SimulatedLine,
): SimulatedClient {
  const { plan, random, timeline, engine, sabotage, note, count, trace } = world;
  const others = plan.logs.filter((log) => kindOf(log) === 'channel' || kindOf(log) === 'run');
  const browser = openBrowser(world);
  const screens = createScreens(id, world);
  let session: Session;
  let places: PositionStore;
  let line: SimulatedLine | undefined;
  /** Whose the page was last. */
  let holder: string | undefined;
  let answered: TokenAnswer | undefined;
  let fetchId = 0;
  let timerMs = Number.POSITIVE_INFINITY;
  let isDead = false;
  let isLoading = false;
  let isClosed = false;

  function step(event: SessionEvent): void {
    if (isDead || isLoading) return;
    for (const effect of session.step(event, timeline.now())) perform(effect);
  }

  function perform(effect: SessionEffect): void {
    switch (effect.type) {
      case 'fetch-token':
        askForToken(effect.logs);
        return;
      case 'drop-fetch':
        fetchId++;
        return;
      case 'open':
        openSocket();
        return;
      case 'send':
        trace?.(`${id} sends ${effect.text}`);
        line?.send(sabotage.request ? sabotage.request(effect.text) : effect.text);
        return;
      case 'close':
        line?.close();
        line = undefined;
        return;
      case 'timer':
        setTimer(effect.atMs);
        return;
      case 'unsubscribed':
        count('unsubscribed');
        places.forget(effect.log);
        screens.forget(effect.log);
        return;
      default:
        tell(effect);
        places.saveSoon();
    }
  }

  function tell(effect: Extract<SessionEffect, { type: 'deliver' | 'gap' | 'live' | 'state' }>): void {
    const told = { ms: timeline.now(), follower: screens.name };
    switch (effect.type) {
      case 'deliver': {
        const { log, at, replayed } = effect;
        const { key } = effect.data as { key: string };
        note({ type: 'delivered', ...told, log, key, at });
        if (replayed) count('delivered late');
        break;
      }
      case 'gap':
        note({ type: 'gap', ...told, log: effect.log, at: effect.at, reason: effect.reason });
        break;
      case 'live': {
        const at = session.logs.get(effect.log)?.position;
        if (at && at !== 'start') note({ type: 'live', ...told, log: effect.log, at });
        break;
      }
      case 'state':
        count(`client ${effect.status.state}: ${effect.status.reason}`);
        if (effect.status.reason === 'signed-out') askWho();
        break;
    }
  }

  /** The app asks who it is, and connects. */
  function askWho(): void {
    const mine = session;
    screens.viewer = undefined;
    timeline.at(timeline.now() + random.between(100, 5_000), () => {
      if (session === mine && !isClosed) step({ type: 'start' });
    });
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
    const take = (answer: TokenAnswer | 'unavailable' | 'signed-out') => {
      if (isDead || fetch !== fetchId || session !== mine) return;
      if (typeof answer === 'string') step({ type: 'token-failed', reason: answer });
      else takeAnswer(answer);
    };
    if (sabotage.keepsToken && answered && screens.viewer === undefined) reuse(answered);
    else fetchToken(world, browser.user, logs, take);
  }

  function takeAnswer(answer: TokenAnswer): void {
    const { token, user, at, truth } = answer;
    const event: SessionEvent = { type: 'token', token, user, at, refused: [], saved: places.restore(user) };
    // The gaps in it say that the page was another user's; its followers are not the same.
    for (const effect of session.step(event, timeline.now())) {
      if (effect.type === 'gap') count('gap: another user');
      else perform(effect);
    }
    if (session.status.user !== user) return; // it came too late
    const isOther = holder !== undefined && holder !== user;
    answered = answer;
    holder = screens.viewer = user;
    if (isOther) screens.keepOnly(browser.findPlaces); // who comes back goes on from there, and not from what was asked for
    announce(truth);
    if (!isOther) return;
    count('another user');
    for (const log of others) if (isFor(user, log) && !session.logs.has(log)) follow(log);
  }

  function reuse(answer: TokenAnswer): void {
    const { token, user, at } = answer;
    timeline.at(timeline.now(), () => {
      screens.viewer = browser.user;
      step({ type: 'token', token, user, at, refused: [] });
    });
  }

  /** Writes where logs begin, once that is known. A token that should have said so, and did not, binds all the same. */
  function announce(truth: ReadonlyMap<LogName, Position>): void {
    for (const { log, position } of session.logs.values()) {
      if (position === undefined && kindOf(log) === 'channel') continue;
      // The user's log and everyone's begin nowhere else than where the token says.
      const first = others.includes(log) ? position : undefined;
      screens.begin(log, first ?? truth.get(log) ?? null);
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
    if (sabotage.isSavedLate) places.save();
    step({ type: 'text', text });
  }

  function load(): void {
    isLoading = isClosed = false;
    // What was saved goes on: the history is not told of a new beginning, so that one that is none shows.
    screens.keepOnly(browser.findPlaces);
    screens.viewer = holder = answered = undefined;
    begin();
  }

  function begin(): void {
    const mine = createSession({ random: random.next });
    session = mine;
    places = browser.openPlaces(mine.logs, () => session === mine && !isLoading);
    timerMs = Number.POSITIVE_INFINITY;
    step({ type: 'start' });
    for (const log of others) follow(log);
  }

  function follow(log: LogName): void {
    const snapshot: StartPosition | undefined =
      kindOf(log) === 'run' ? undefined : random.pick([undefined, undefined, 'start', engine.top(log)]);
    const isKnown = session.logs.has(log);
    const from = screens.goesOn(screens.viewer ?? browser.user ?? USER, log) ? undefined : snapshot;
    if (!isKnown && from !== undefined) screens.forget(log);
    step({ type: 'follow', log, from });
    const { position } = session.logs.get(log) ?? {};
    if (!isKnown && position !== undefined) screens.begin(log, position);
  }

  load();
  const client: SimulatedClient = {
    id,
    get isDead() {
      return isDead;
    },
    get line() {
      return line;
    },
    isAtTop() {
      const { viewer } = screens;
      if (isDead) return true;
      const names = plan.logs.filter((log) => isFor(viewer ?? USER, log));
      return viewer !== undefined && viewer === browser.user && !isLoading && isAtTops(session, names, engine.isEnd);
    },
    reload(how) {
      if (isDead || isLoading) return;
      if (how === 'lose') browser.clear();
      else if (how === 'crash') screens.goBack(browser.findPlaces);
      else if (!isClosed && !sabotage.isSavedLate) places.save();
      line?.close();
      line = undefined;
      isLoading = true;
      fetchId++;
      timeline.at(timeline.now() + random.between(1, 2_000), load);
    },
    close() {
      if (isDead || isLoading || isClosed) return;
      step({ type: 'stop' });
      timerMs = Number.POSITIVE_INFINITY;
      places.save();
      isClosed = true;
      screens.viewer = undefined;
      const mine = session;
      timeline.at(timeline.now() + random.pick([0, random.between(0, 20_000)]), () => {
        if (session !== mine || isDead || isLoading) return;
        isClosed = false;
        if (!sabotage.beginsAnew) return step({ type: 'start' });
        browser.clear();
        begin();
      });
    },
    signIn() {
      if (isDead) return;
      browser.user = browser.user === USER ? GUEST : USER;
      random.pick([client.close, client.reload, () => {}])();
    },
    signOut() {
      if (isDead) return;
      browser.user = undefined;
      if (random.chance(0.5)) line?.revoke();
      const back = random.pick(
        plan.logs.some((log) => isFor(GUEST, log) && !isFor(USER, log)) ? [USER, GUEST] : [USER],
      );
      timeline.at(timeline.now() + random.between(0, 10_000), () => {
        browser.user ??= back;
      });
    },
    followAgain() {
      const log = others[0];
      if (isDead || isLoading || log === undefined || !session.logs.has(log)) return;
      const mine = session;
      const user = screens.viewer ?? holder;
      if (user !== undefined) screens.unfollow(user, log);
      places.forget(log);
      step({ type: 'unfollow', log });
      const back = () => {
        if (session === mine && !isDead && !isLoading) follow(log);
      };
      if (random.chance(0.3)) back();
      else timeline.at(timeline.now() + random.between(0, 3_000), back);
    },
    wake() {
      const event: SessionEvent = random.chance(0.5)
        ? { type: 'wake' }
        : { type: 'visibility', isHidden: random.chance(0.5) };
      if (!isClosed) step(event);
    },
    leave() {
      if (isDead) return;
      isDead = true;
      screens.dismiss(true);
      if (random.chance(0.5)) line?.close();
      else line?.cut();
    },
    showRightUser() {
      if (screens.viewer !== undefined && screens.viewer !== browser.user) client.reload();
    },
    dismissAbsent() {
      if (!isDead) screens.dismiss(false);
    },
  };
  return client;
}
