import {
  type ClientFrame,
  EVERYONE,
  encodeClientFrame,
  findGatewayFrame,
  type GatewayFrame,
  type LogName,
} from '../protocol/index.ts';
import { drawStayMs, drawWaitMs } from './backoff.ts';
import { planAfterClose } from './close-plan.ts';
import {
  type ConnectionReason,
  type ConnectionState,
  type ConnectionStatus,
  isSameStatus,
} from './connection-status.ts';
import {
  addLog,
  areCaughtUp,
  type FollowedLogs,
  findListed,
  isOwn,
  joinLogs,
  type Membership,
  partLogs,
  settleJoin,
  takeNews,
  takeToken,
} from './followed-logs.ts';
import type { Session, SessionEffect, SessionEvent, SessionOptions } from './session-event.ts';
import { createSilenceWatch } from './silence.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** From asking for a socket, or from an AUTH, to AUTH OK; in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long a loss is not shown, in milliseconds. */
const QUIET_LOSS_MS = 5_000;

/** Creates a session that waits for `start`. */
export function createSession({ random }: SessionOptions): Session {
  const logs: FollowedLogs = new Map();
  let silence = createSilenceWatch();
  /** `halted`: it tries no more until `start`; `reason` says why. */
  let mode: 'idle' | 'running' | 'halted' = 'idle';
  let socket: 'none' | 'opening' | 'open' = 'none';
  let reason: ConnectionReason = 'idle';
  let user: string | undefined;
  /** Undefined: a new one must be fetched before the next AUTH. */
  let token: string | undefined;
  /** The logs of the fetch that is under way. */
  let asked: readonly LogName[] | undefined;
  /** What this connection has and the page no longer wants. */
  let left: LogName[] = [];
  let isTokenSent = false;
  let isAuthenticating = false;
  let isAuthenticated = false;
  let isCaughtUp = false;
  let isHidden = false;
  let isFailing = false;
  let failureCount = 0;
  let faultCount = 0;
  let retryAt = NEVER;
  let syncAt = NEVER;
  let giveUpAt = NEVER;
  let drainAt = NEVER;
  /** When a loss is shown; 0: this connection was never live. */
  let quietUntil = 0;
  let armedAt = NEVER;
  let effects: SessionEffect[] = [];

  function emit(effect: SessionEffect | undefined): void {
    if (effect) effects.push(effect);
  }

  function send(frame: ClientFrame): void {
    emit({ type: 'send', text: encodeClientFrame(frame) });
  }

  function fetchToken(): void {
    if (asked) return;
    asked = findListed(logs);
    emit({ type: 'fetch-token', logs: asked });
  }

  /** Takes the next step towards a connection: a token first, then a socket. */
  function attempt(now: number): void {
    retryAt = NEVER;
    if (token === undefined) {
      fetchToken();
      return;
    }
    socket = 'opening';
    giveUpAt = now + CONNECT_TIMEOUT_MS;
    emit({ type: 'open' });
    sync(now);
  }

  /**
   * Brings the connection in line with what the page follows: at most one frame of a kind. Logs are always joined by AUTH,
   * though SUBSCRIBE would do for some: AUTH OK comes before the first frame of what it joined, so that when a log was left
   * and is joined anew, what still comes of the time before, and has a hole after it, is told apart.
   */
  function sync(now: number): void {
    syncAt = NEVER;
    if (socket === 'none') return;
    const followed = [...logs.values()];
    if (token === undefined || followed.some(({ isCovered }) => !isCovered)) fetchToken();
    if (socket !== 'open' || isAuthenticating) return;
    if (left.length > 0) send({ type: 'unsubscribe', logs: left });
    left = [];
    const joinable = followed.filter(({ membership, isCovered }) => membership === 'apart' && isCovered);
    if (token === undefined || (isTokenSent && joinable.length === 0)) return;
    isTokenSent = isAuthenticating = true;
    giveUpAt = now + CONNECT_TIMEOUT_MS;
    send({ type: 'auth', token, logs: joinLogs(joinable) });
  }

  /** At the next timer, so that what a page follows in one tick shares a frame. */
  function syncSoon(now: number): void {
    if (socket !== 'none') syncAt = now;
  }

  function leaveSocket(now: number, why: ConnectionReason): void {
    if (socket !== 'none') emit({ type: 'close' });
    if (isCaughtUp) quietUntil = now + QUIET_LOSS_MS;
    socket = 'none';
    reason = why;
    isTokenSent = isAuthenticating = isAuthenticated = isCaughtUp = false;
    giveUpAt = drainAt = syncAt = NEVER;
    left = [];
    silence = createSilenceWatch();
    partLogs(logs);
  }

  /** Leaves a gateway, or a token endpoint, that failed us. */
  function abandon(now: number, why: ConnectionReason): void {
    leaveSocket(now, why);
    retryLater(now, true);
  }

  /** No more attempts until `start`. */
  function halt(now: number, why: ConnectionReason): void {
    leaveSocket(now, why);
    mode = 'halted';
    if (asked) emit({ type: 'drop-fetch' });
    asked = undefined;
    retryAt = NEVER;
    quietUntil = 0;
    token = undefined; // another user may have signed in until `start`
  }

  function retryLater(now: number, hasFailed: boolean, patience = 1): void {
    retryAt = now + drawWaitMs(failureCount, patience, random);
    if (!hasFailed) return;
    isFailing = true;
    failureCount++;
  }

  function start(now: number): void {
    mode = 'running';
    reason = 'started';
    isFailing = false;
    failureCount = faultCount = quietUntil = 0;
    retryAt = now;
  }

  function takeAnswer(answer: Extract<SessionEvent, { type: 'token' }>, now: number): void {
    const isOtherUser = user !== undefined && user !== answer.user;
    if (isOtherUser && socket !== 'none') leaveSocket(now, 'user-changed');
    const told = takeToken(logs, answer, asked ?? [], isOtherUser);
    if (!told) {
      takeTokenFailure(now);
      return;
    }
    ({ user, token } = answer);
    asked = undefined;
    isTokenSent = false;
    for (const effect of told) {
      emit(effect);
      if (effect.type === 'unsubscribed') forget(effect.log);
    }
    if (socket !== 'none') sync(now);
    else if (retryAt === NEVER) attempt(now);
  }

  function takeTokenFailure(now: number): void {
    asked = undefined;
    if (isAuthenticated || (socket !== 'none' && token !== undefined)) {
      syncAt = now + drawWaitMs(failureCount++, 1, random);
    } else if (retryAt === NEVER) {
      abandon(now, 'token-unavailable');
    }
  }

  function forget(log: LogName): void {
    if (logs.get(log)?.membership !== 'apart') left.push(log);
    logs.delete(log);
  }

  function takeClose(code: number, now: number): void {
    if (socket === 'none') return;
    const { reason = 'closed', retryCount, patience, isTokenSpent } = planAfterClose(code);
    const hasFailed = !!patience || !isAuthenticated;
    socket = 'none';
    leaveSocket(now, reason);
    if (isTokenSpent) token = undefined;
    if (retryCount !== undefined && faultCount++ >= retryCount) halt(now, reason);
    else retryLater(now, hasFailed, patience);
  }

  function takeFrame(frame: GatewayFrame, now: number): void {
    switch (frame.type) {
      case 'entry':
      case 'gap':
      case 'live':
      case 'unsubscribed':
        emit(takeNews(logs, frame));
        noteProgress();
        break;
      case 'auth-ok':
        if (isAuthenticating) takeAuthOk(frame.heartbeatMs, now);
        break;
      case 'auth-failed':
        if (isAuthenticating) takeAuthFailure(now);
        break;
      case 'token-expiring':
        token = undefined;
        fetchToken();
        break;
      case 'drain':
        if (drainAt === NEVER) drainAt = now + drawStayMs(frame.withinMs, isHidden, random);
        break;
      case 'error': // our frames have the shape, the names and the number of logs that a gateway takes
      case 'heartbeat':
      case 'auth-request': // our AUTH is under way already, or its refusal came first
        break;
      default:
        frame satisfies never;
    }
  }

  function settleAuth(membership: Membership): void {
    isAuthenticating = false;
    giveUpAt = NEVER;
    settleJoin(logs, membership);
  }

  function takeAuthOk(heartbeatMs: number, now: number): void {
    settleAuth('joined');
    silence.hear(now, heartbeatMs);
    failureCount = 0;
    isFailing = false;
    if (!isAuthenticated) reason = 'authenticated';
    isAuthenticated = true;
    noteProgress();
    sync(now);
  }

  /** On the same connection: a fresh token, if none came in the meantime. */
  function takeAuthFailure(now: number): void {
    settleAuth('apart');
    if (isTokenSent) token = undefined;
    isTokenSent = false;
    sync(now);
  }

  function noteProgress(): void {
    if (!isAuthenticated || isCaughtUp || !areCaughtUp(logs)) return;
    isCaughtUp = true;
    reason = 'caught-up';
  }

  /** Someone looks, or the network is back: no more waiting, and no trust in a connection from before. */
  function wake(now: number): void {
    if (mode !== 'running') return;
    failureCount = 0;
    if (syncAt !== NEVER) syncAt = now;
    if (retryAt !== NEVER) attempt(now);
    if (isAuthenticated && silence.probe(now)) send({ type: 'heartbeat' });
  }

  function doDue(now: number): void {
    if (syncAt <= now) sync(now);
    if (retryAt <= now) attempt(now);
    if (giveUpAt <= now) abandon(now, 'timed-out');
    if (drainAt <= now) {
      leaveSocket(now, 'draining');
      attempt(now);
    }
    const verdict = silence.check(now);
    if (verdict === 'probe') send({ type: 'heartbeat' });
    if (verdict === 'leave') abandon(now, 'silent');
  }

  function take(event: SessionEvent, now: number): void {
    switch (event.type) {
      case 'start':
        if (mode !== 'running') start(now);
        break;
      case 'stop':
        halt(now, 'stopped');
        armedAt = NEVER; // its host stops the timer, too
        break;
      case 'follow':
        if (addLog(logs, event.log, event.from)) syncSoon(now);
        else emit({ type: 'unsubscribed', log: event.log, reason: 'too-many-logs' });
        break;
      case 'unfollow':
        if (isOwn(event.log) || !logs.has(event.log)) break;
        forget(event.log);
        // Followed again, it must not begin at a place asked for before entries that the page saw until now.
        asked = asked?.filter((log) => log !== event.log);
        syncSoon(now);
        noteProgress();
        break;
      case 'token':
        if (asked) takeAnswer(event, now);
        break;
      case 'token-failed':
        if (!asked) break;
        if (event.reason === 'signed-out') halt(now, 'signed-out');
        else takeTokenFailure(now);
        break;
      case 'opened':
        if (socket !== 'opening') break;
        socket = 'open';
        sync(now);
        break;
      case 'text': {
        if (socket !== 'open') break;
        silence.hear(now);
        const frame = findGatewayFrame(event.text);
        if (frame) takeFrame(frame, now);
        break;
      }
      case 'closed':
        takeClose(event.code, now);
        break;
      case 'visibility':
        if (isHidden && !event.isHidden) wake(now);
        isHidden = event.isHidden;
        break;
      case 'wake':
        wake(now);
        break;
      case 'timer':
        armedAt = NEVER;
        doDue(now);
        break;
      default:
        event satisfies never;
    }
  }

  function findState(now: number): ConnectionState {
    if (reason === 'signed-out') return reason;
    if (isCaughtUp || now < quietUntil) return 'live';
    if (isFailing || mode === 'halted') return 'offline';
    return quietUntil > 0 ? 'resuming' : 'connecting';
  }

  function findStatus(now: number): ConnectionStatus {
    return {
      state: findState(now),
      reason,
      connected: socket === 'open',
      authenticated: isAuthenticated,
      user: reason === 'signed-out' ? undefined : user,
    };
  }

  function armTimer(now: number): void {
    const quietEnd = quietUntil > now ? quietUntil : NEVER;
    const atMs = Math.min(syncAt, retryAt, giveUpAt, drainAt, quietEnd, silence.findDueAt());
    // A timer that comes too early looks and asks again: frames move the silence on too often to say so each time.
    if (atMs >= armedAt) return;
    armedAt = atMs;
    emit({ type: 'timer', atMs });
  }

  let status = findStatus(0);
  addLog(logs, EVERYONE);
  return {
    get status() {
      return status;
    },
    logs,
    step(event, now) {
      effects = [];
      take(event, now);
      const next = findStatus(now);
      if (!isSameStatus(next, status)) {
        status = next;
        emit({ type: 'state', status });
      }
      armTimer(now);
      return effects;
    },
  };
}
