import type { LogName, Stop } from '../protocol/index.ts';
import type { PageEvent, ResolvedOptions, Socket } from './options.ts';
import { createPositionStore } from './position-store.ts';
import { createSession } from './session.ts';
import type { AppEffect, SessionEffect, SessionEvent } from './session-event.ts';
import type { StoreHost } from './store-part.ts';
import { requestToken, type TokenOutcome, UNAVAILABLE } from './token-endpoint.ts';

/** Runs a session: its socket, its timer, its token requests, the page's events. */
export interface Host extends StoreHost {
  stop(): void;
}

const PAGE_EVENTS = ['visibilitychange', 'pageshow', 'pagehide', 'online'];
/** Longest wait for the token endpoint, in milliseconds. */
const TOKEN_TIMEOUT_MS = 10_000;
/** Looks this often, in milliseconds, whether the clock jumped: nothing else tells a visible page that it slept. */
const LOOK_INTERVAL_MS = 5_000;
/** A timer that comes so late, in milliseconds, means that the machine slept. */
const JUMP_MS = 5_000;

/** Creates a host that waits for `start`. `tell` must not throw; `report` takes what the socket's constructor and `headers` throw. */
export function createHost(
  options: ResolvedOptions,
  tell: (effect: AppEffect) => void,
  report: (error: unknown) => void,
): Host {
  const { clock, page, WebSocket } = options;
  const session = createSession(options);
  const positions = createPositionStore(options, session.logs);
  const events: SessionEvent[] = [];
  let isStepping = false;
  let address = '';
  let socket: Socket | undefined;
  let stopTimer: Stop | undefined;
  let stopFetch: Stop | undefined;

  /** A handler may follow or close while effects are carried out: its event waits for its turn. */
  function step(event: SessionEvent): void {
    events.push(event);
    if (isStepping) return;
    isStepping = true;
    for (let next = events.shift(); next; next = events.shift()) {
      for (const effect of session.step(next, clock.now())) carryOut(effect);
    }
    isStepping = false;
  }

  function carryOut(effect: SessionEffect): void {
    switch (effect.type) {
      case 'fetch-token':
        fetchToken(effect.logs);
        break;
      case 'drop-fetch':
        stopFetch?.();
        stopFetch = undefined;
        break;
      case 'open':
        open();
        break;
      case 'send':
        socket?.send(effect.text);
        break;
      case 'close':
        leave();
        break;
      case 'timer':
        arm(effect.atMs);
        break;
      case 'unsubscribed':
        positions.forget(effect.log); // whoever follows it again begins anew, not at a place that was saved before the end
        tell(effect);
        break;
      default:
        tell(effect);
        positions.saveSoon();
    }
  }

  function open(): void {
    try {
      const opened = new (WebSocket as NonNullable<typeof WebSocket>)(address);
      socket = opened;
      opened.onopen = () => step({ type: 'opened' });
      opened.onmessage = ({ data }: { data: unknown }) =>
        typeof data === 'string' && step({ type: 'text', text: data });
      opened.onclose = ({ code }: { code: number }) => step({ type: 'closed', code });
      opened.onerror = () => {}; // a close follows; without a listener the package `ws` would throw
    } catch (error) {
      report(error);
      step({ type: 'closed', code: 1006 });
    }
  }

  /** Its listeners go first: what it still says belongs to nobody. */
  function leave(): void {
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    socket = undefined;
  }

  function fetchToken(logs: readonly LogName[]): void {
    stopFetch?.();
    const stop = clock.after(TOKEN_TIMEOUT_MS, () => finish(UNAVAILABLE));
    stopFetch = stop;
    function finish(outcome: TokenOutcome): void {
      if (stopFetch !== stop) return; // too late, or no longer wanted
      stop();
      stopFetch = undefined;
      step(outcome.type === 'token' ? { ...outcome, saved: positions.restore(outcome.user) } : outcome);
    }
    requestToken(options, logs).then(finish, (error) => {
      report(error);
      finish(UNAVAILABLE);
    });
  }

  function arm(atMs: number): void {
    stopTimer?.();
    const dueAt = Math.min(atMs, clock.now() + LOOK_INTERVAL_MS);
    stopTimer = clock.after(dueAt - clock.now(), () => {
      const now = clock.now();
      if (now < atMs) arm(atMs);
      // A hidden tab's timers are late by design; it wakes when it is shown.
      if (now - dueAt > JUMP_MS && !isHidden()) step({ type: 'wake' });
      if (now >= atMs) step({ type: 'timer' });
    });
  }

  function isHidden(): boolean {
    return page?.document.visibilityState === 'hidden';
  }

  function takePageEvent({ type, persisted }: PageEvent): void {
    if (type === 'pagehide') positions.save();
    else if (type === 'visibilitychange') step({ type: 'visibility', isHidden: isHidden() });
    else if (type === 'online' || persisted) step({ type: 'wake' });
  }

  return {
    get status() {
      return session.status;
    },
    start() {
      address = resolveAddress(options.url);
      if (!WebSocket) throw new TypeError('Cannot connect: no WebSocket here, nor in the options');
      for (const type of PAGE_EVENTS) page?.addEventListener(type, takePageEvent);
      step({ type: 'visibility', isHidden: isHidden() });
      step({ type: 'start' });
    },
    stop() {
      for (const type of PAGE_EVENTS) page?.removeEventListener(type, takePageEvent);
      step({ type: 'stop' });
      stopTimer?.();
      positions.save();
    },
    follow: (log, from) => step({ type: 'follow', log, from }),
    unfollow(log) {
      positions.forget(log);
      step({ type: 'unfollow', log });
    },
  };
}

function resolveAddress(url: string): string {
  const address = new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  address.protocol = address.protocol.replace('http', 'ws');
  return address.href;
}
