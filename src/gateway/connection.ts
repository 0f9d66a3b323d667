import {
  CLOSE_CODES,
  type ClientText,
  type CloseCode,
  type ControlFrame,
  type Dialect,
  EVERYONE,
  findLogName,
  findPositionParts,
  kindOf,
  type LogName,
  MAX_LOGS,
  type Position,
  readClientText,
  type StartPosition,
  type StartPositions,
  userLog,
} from '../protocol/index.ts';
import { type AuthContext, checkToken } from './authentication.ts';
import type { VerifiedClaims } from './claims.ts';
import { mayFollow } from './may-follow.ts';
import type { ResolvedOptions } from './options.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Relay, Subscription } from './relay.ts';
import type { Frame } from './ring.ts';
import type { Socket } from './socket.ts';
import type { Traffic } from './traffic.ts';
import type { Voices } from './voice.ts';

/** The gateway's side of one socket. */
export interface Connection {
  readonly id: number;
  /** The user's id, once authenticated. */
  readonly user: string | undefined;
  /** Takes what the client sent; never throws. */
  takeText(text: string): void;
  /** Takes what is no text of ours: binary, bad UTF-8. */
  takeMalformed(): void;
  /** Notes a sign of life: a pong, a byte. */
  markSeen(): void;
  /** Notes that a part of what was written has gone: the client reads. */
  progressed(): void;
  /** Goes on writing: the socket has room again. */
  drained(): void;
  /** Notes that the transport is gone. */
  ended(code: number): void;
  /** Does what is due: heartbeat, ping, expiry, timeouts. `forgivenMs`: how long this process itself stood still. */
  sweep(now: number, forgivenMs: number): void;
  /** Tells the client that this gateway leaves. */
  drain(withinMs: number): void;
  /** Ends the connection when its token is revoked by now; true if it was. */
  endIfRevoked(): boolean;
  close(code: CloseCode, reason: string): void;
}

/** What connections share. */
export interface ConnectionContext<F extends Frame> extends AuthContext {
  readonly options: ResolvedOptions;
  readonly relay: Relay<F>;
  readonly voices: Voices<F>;
  readonly traffic: Traffic;
  /** Counts a user's connections: false when there are too many. */
  admit(user: string, connection: Connection): boolean;
  /** The connection is gone. */
  release(connection: Connection): void;
}

/** Frames that wait while a token is verified; RFC 6455 has no flow control of its own. */
const MAX_WAITING_FRAMES = 64;
/** Answers that may wait while the client does not read, in bytes. */
const MAX_HELD_BYTES = 262_144;
const FRAMES_PER_SECOND = 50;
const FRAMES_BURST = 100;
const MAX_REFUSALS = 3;
/** How long after its token's end an older peer is asked for another: ends are judged by whole seconds. */
const OLD_NOTICE_MS = 1_000;
/** Multiples of it fall evenly between whole numbers, whatever their count. */
const GOLDEN_RATIO = 0.618_033_988_749_895;
/** A place in no epoch: what does not parse as a position is answered with a reset. */
const NOWHERE = '-:0:00000000' as Position;

/** Creates a connection over an open socket and asks it for a token. */
export function createConnection<F extends Frame>(
  id: number,
  socket: Socket<F>,
  context: ConnectionContext<F>,
): Connection {
  const { options, relay, traffic, voices } = context;
  const { clock, wallClock } = options;
  const subscriptions = new Map<LogName, Subscription>();
  const waiting: string[] = [];
  const rate = createRateLimit(FRAMES_PER_SECOND, FRAMES_BURST);
  const outbox: Outbox<F> = createOutbox(socket, voices.opening, context, fail);
  let claims: VerifiedClaims | undefined;
  /** What an older peer speaks, once it is authenticated. */
  let dialect: Dialect | undefined;
  let refusals = 0;
  let isHandling = false;
  let isClosed = false;
  let hasToldExpiry = false;
  let leaveAt = Number.POSITIVE_INFINITY;
  let openedAt = clock.now();
  let [seenAt, heartbeatAt, pingAt] = [openedAt, openedAt, openedAt];

  const connection: Connection = {
    id,
    get user() {
      return claims?.sub;
    },
    takeText(text) {
      if (isClosed) return;
      seenAt = clock.now();
      if (!rate.take(seenAt) || waiting.length >= MAX_WAITING_FRAMES)
        return close(CLOSE_CODES.tooMany, 'too many frames');
      waiting.push(text);
      if (!isHandling) void handleWaiting().catch(fail);
    },
    takeMalformed: () => close(CLOSE_CODES.malformed, 'not a text frame in UTF-8'),
    markSeen() {
      seenAt = clock.now();
    },
    progressed() {
      seenAt = clock.now();
      outbox.progressed();
    },
    drained() {
      seenAt = clock.now();
      outbox.drained();
    },
    ended(code) {
      if (!isClosed) finish(code, 'ended by the peer');
    },
    sweep(now, forgivenMs) {
      if (isClosed) return;
      seenAt += forgivenMs;
      openedAt += forgivenMs;
      outbox.forgive(forgivenMs);
      // While a token is being checked, which may wait for the broker, the client has done its part.
      if (!claims && !isHandling && now - openedAt >= options.authTimeoutMs)
        return close(CLOSE_CODES.unauthenticated, 'no token in time');
      if (outbox.stalledMs(now) >= options.stallTimeoutMs) return close(CLOSE_CODES.stalled, 'nothing drained');
      if (options.pingIntervalMs !== Number.POSITIVE_INFINITY && now - seenAt >= options.silenceTimeoutMs) {
        finish(1006, 'silent');
        return socket.terminate();
      }
      if (now - heartbeatAt >= options.heartbeatMs) {
        heartbeatAt = now;
        say({ type: 'heartbeat' });
      }
      if (now - pingAt >= options.pingIntervalMs) {
        pingAt = now;
        socket.ping();
      }
      if (now >= leaveAt) return close(CLOSE_CODES.goingAway, 'the gateway leaves');
      if (claims) checkExpiry(claims);
    },
    drain(withinMs) {
      if (isClosed) return;
      say({ type: 'drain', withinMs });
      // An older peer can't be asked to leave, so it is made to: each at a moment of its own, or all would come back at once.
      if (dialect) leaveAt = clock.now() + withinMs * ((id * GOLDEN_RATIO) % 1);
    },
    endIfRevoked() {
      if (!claims || isClosed || !context.revocations.covers(claims)) return false;
      close(CLOSE_CODES.revoked, 'revoked');
      return true;
    },
    close,
  };

  function say(frame: ControlFrame): void {
    outbox.say(frame);
  }

  function close(code: CloseCode, reason: string): void {
    if (isClosed) return;
    finish(code, reason);
    socket.close(code, reason);
  }

  function finish(code: number, reason: string): void {
    isClosed = true;
    waiting.length = 0;
    outbox.close();
    for (const subscription of subscriptions.values()) relay.unfollow(subscription);
    subscriptions.clear();
    context.release(connection);
    traffic.countClose(code);
    options.onEvent({
      type: 'connection-closed',
      connection: id,
      ...(claims ? { user: claims.sub } : {}),
      code,
      reason,
    });
  }

  /** What nobody foresaw costs this connection, not the gateway. */
  function fail(error: unknown): void {
    options.onEvent({ type: 'fault', during: 'connection', error });
    traffic.countFault('connection');
    close(CLOSE_CODES.internalError, 'internal error');
  }

  /** One frame after another: a SUBSCRIBE that follows an AUTH waits until its token is verified. */
  async function handleWaiting(): Promise<void> {
    isHandling = true;
    for (let text = waiting.shift(); text !== undefined && !isClosed; text = waiting.shift()) {
      const handled = handle(readClientText(text));
      if (handled !== undefined) await handled; // what is served at once does not wait, or a burst would count as frames waiting
      if (outbox.heldBytes > MAX_HELD_BYTES) close(CLOSE_CODES.tooMany, 'answers not read');
    }
    isHandling = false;
  }

  function handle(frame: ClientText): Promise<void> | undefined {
    // Whoever sends a frame of this version knows its answers; of a bare token's bearer nothing is known until it is taken.
    if (!claims) outbox.voice = frame.type === 'bare-token' ? voices.opening : voices.own;
    else if (dialect && isOwnFrame(frame)) {
      close(CLOSE_CODES.malformed, 'not of the dialect spoken here');
      return;
    }
    switch (frame.type) {
      case 'heartbeat':
        say({ type: 'heartbeat' });
        return;
      case 'bare-token':
        return authenticate(frame.token, {}, true);
      case 'auth':
        return authenticate(frame.token, frame.logs, false);
      case 'subscribe':
        if (claims) subscribe(frame.logs, claims);
        else say({ type: 'error', code: 'not-authenticated', message: 'SUBSCRIBE before AUTH OK' });
        return;
      case 'unsubscribe':
        for (const log of frame.logs) if (!isOwn(log)) unsubscribe(log as LogName);
        return;
      case 'malformed':
        close(CLOSE_CODES.malformed, 'not JSON');
        return;
      case 'invalid':
        say({ type: 'error', code: 'invalid-frame', message: frame.message });
        return;
      case 'unknown':
        return; // a newer client's; RFC 6455 leaves it to us, and ignoring lets the protocol grow
    }
  }

  async function authenticate(token: string, logs: StartPositions, isBare: boolean): Promise<void> {
    const isOld = dialect !== undefined || (isBare && !claims && options.dialects.length > 0);
    if (isOld && refusals >= MAX_REFUSALS) return; // it was not asked for another
    const verdict = await checkToken(token, context);
    if (isClosed) return;
    if ('refusal' in verdict) return refuse(verdict.refusal, isOld);
    if (claims && claims.sub !== verdict.claims.sub) return close(CLOSE_CODES.unauthenticated, 'token of another user');
    const isFirst = claims === undefined;
    if (isFirst && !context.admit(verdict.claims.sub, connection))
      return close(CLOSE_CODES.tooMany, 'too many connections');
    claims = verdict.claims;
    if (isFirst && isOld) dialect = verdict.dialect;
    if (isFirst) outbox.voice = dialect ? voices.of(dialect) : voices.own;
    refusals = 0;
    hasToldExpiry = false;
    // Positions first, AUTH OK then: what is sent after the client saw AUTH OK lies after them.
    const own = isFirst ? await context.positionsOf([userLog(claims.sub), EVERYONE], logs, () => isClosed) : {};
    if (isClosed) return;
    say({ type: 'auth-ok', user: claims.sub, heartbeatMs: options.heartbeatMs });
    if (isFirst) {
      options.onEvent({
        ...{ type: 'connection-authenticated', connection: id, user: claims.sub },
        ...(dialect && { dialect: dialect.name }),
      });
    }
    for (const log of [...subscriptions.keys()]) if (!mayFollow(log, claims)) end(log, 'revoked');
    subscribe({ ...own, ...logs }, claims); // its own two first: they don't count
  }

  function refuse(reason: string, isOld: boolean): void {
    refusals++;
    traffic.countRefusal(reason);
    options.onEvent({ type: 'authentication-refused', connection: id, reason });
    say({ type: 'auth-failed', reason });
    if (refusals < MAX_REFUSALS) say({ type: 'auth-request' });
    // An older page that is closed comes back within a second, for ever: it stays until its time is over.
    else if (!isOld) close(CLOSE_CODES.unauthenticated, 'three tokens refused');
  }

  function subscribe(logs: StartPositions, { sub, logs: listed }: VerifiedClaims): void {
    for (const [name, after] of Object.entries(logs)) {
      const log = findLogName(name);
      if (!log) {
        say({ type: 'error', code: 'invalid-log', message: 'not the name of a log', log: name.slice(0, 200) });
      } else if (!subscriptions.has(log)) {
        if (!mayFollow(log, { sub, logs: listed })) say({ type: 'unsubscribed', log, reason: 'refused' });
        else if (!isOwn(log) && subscriptions.size >= MAX_LOGS + 2) {
          say({ type: 'error', code: 'too-many-logs', message: `at most ${MAX_LOGS} logs a connection`, log });
        } else follow(log, after);
      }
    }
  }

  function follow(log: LogName, after: StartPosition): void {
    const subscription: Subscription = { log, follower: outbox };
    subscriptions.set(log, subscription);
    relay.follow(subscription, after === 'start' || findPositionParts(after) ? after : NOWHERE);
  }

  function unsubscribe(log: LogName): void {
    const subscription = subscriptions.get(log);
    if (!subscription) return;
    subscriptions.delete(log);
    outbox.forget(subscription);
    relay.unfollow(subscription);
  }

  function end(log: LogName, reason: 'refused' | 'revoked'): void {
    unsubscribe(log);
    say({ type: 'unsubscribed', log, reason });
  }

  /** `user/<me>` and `everyone` are always followed. */
  function isOwn(log: string): boolean {
    return log === EVERYONE || kindOf(log as LogName) === 'user';
  }

  function checkExpiry({ iat, exp }: VerifiedClaims): void {
    const leftMs = exp * 1_000 - wallClock();
    if (leftMs <= -options.expiryGraceMs) {
      close(CLOSE_CODES.tokenExpired, 'token expired');
      return;
    }
    if (hasToldExpiry) return;
    if (dialect) {
      // It sends the token that it has kept; a fresh one comes only when that was refused, so not before its end.
      if (leftMs > -OLD_NOTICE_MS) return;
      refusals = 0;
      say({ type: 'auth-request' });
    } else {
      // A token of a minute or less would else be expiring from its first moment, and be renewed without end.
      if (leftMs > Math.min(options.expiryNoticeMs, (exp - iat) * 500)) return;
      say({ type: 'token-expiring', inMs: Math.max(0, Math.round(leftMs)) });
    }
    hasToldExpiry = true;
  }

  traffic.countOpen();
  options.onEvent({ type: 'connection-opened', connection: id });
  say({ type: 'auth-request' });
  return connection;
}

/** True for what no older peer sends. */
function isOwnFrame({ type }: ClientText): boolean {
  return type === 'auth' || type === 'subscribe' || type === 'unsubscribe' || type === 'invalid';
}
