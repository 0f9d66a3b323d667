import { WebSocket } from 'ws';
import { type ConnectionReason, createSession, type SessionEffect, type SessionEvent } from '../client/index.ts';
import {
  CLOSE_CODES,
  EVERYONE,
  findGatewayFrame,
  MAX_ENTRY_BYTES,
  type Position,
  type Stop,
  userLog,
} from '../protocol/index.ts';
import { type CommandError, createFailure } from './command-error.ts';
import { cutData, type WatchedEntry } from './entry-line.ts';
import { endWebSocket, formatRefusal, formatUnopened } from './gateway-socket.ts';
import type { Io } from './io.ts';
import { formatSafe } from './safe-text.ts';
import type { Subject } from './subject.ts';

/** How a watcher is made. */
export interface WatcherOptions {
  /** Of the WebSocket. */
  readonly url: string;
  readonly subject: Subject;
  readonly from: 'start' | 'now';
  /** Makes a token, the first or one instead of the last; undefined: there is no other. Never rejects. */
  readonly makeToken: (isRenewal: boolean) => Promise<string | undefined>;
  readonly onEntry: (entry: WatchedEntry) => void;
  /** Hears of gaps and of how the connection is, a line each. */
  readonly onNews: (line: string) => void;
  readonly io: Pick<Io, 'clock' | 'random' | 'signal'>;
}

/** A position in no log: the gateway answers with a gap that leads to the end, which is how one begins "now". */
const NOWHERE = '-:0:' as Position;
/** Room for an entry and its frame. */
const MAX_FRAME_BYTES = 2 * MAX_ENTRY_BYTES;

/**
 * Follows a user's logs until its signal aborts: reconnects, and goes on after the last entry. The client's own session
 * decides; here are its sockets, timers and tokens.
 * @throws {CommandError} when it can't go on: never reached, refused, revoked, a token that ended
 */
export async function watchLogs({ url, subject, from, makeToken, onEntry, onNews, io }: WatcherOptions): Promise<void> {
  const session = createSession({ random: io.random });
  const own = userLog(subject.user);
  const logs = [EVERYONE, own, ...subject.logs];
  const beginnings = new Set(from === 'now' ? logs : []);
  let socket: WebSocket | undefined;
  let stopTimer: Stop = () => {};
  let text = '';
  let tokens = 0;
  let hasBeenReached = false;
  let isEnded = false;
  let lastError: unknown;
  let toldReason: ConnectionReason | undefined;
  let resolveEnd: (failure: CommandError | undefined) => void = () => {};
  const ended = new Promise<CommandError | undefined>((resolve) => {
    resolveEnd = resolve;
  });

  function step(event: SessionEvent): void {
    for (const effect of session.step(event, io.clock.now())) if (!isEnded) carryOut(effect);
  }

  function end(failure?: CommandError): void {
    if (isEnded) return;
    isEnded = true;
    stopTimer();
    leave();
    resolveEnd(failure);
  }

  function carryOut(effect: SessionEffect): void {
    switch (effect.type) {
      case 'fetch-token':
        void fetchToken(); // ends in a step of its own, whatever happens
        break;
      case 'open':
        open();
        break;
      case 'send':
        socket?.send(effect.text);
        break;
      case 'close':
        if (hasBeenReached) leave();
        else end(createFailure(`No answer from ${new URL(url).host} within 10 s: it may be overloaded, or no gateway`));
        break;
      case 'deliver':
        onEntry({ ...effect, data: cutData(text, effect, effect.data) });
        break;
      case 'gap':
        if (!beginnings.delete(effect.log))
          onNews(`gap in ${effect.log}: ${effect.reason}, goes on after ${formatSafe(effect.at)}`);
        break;
      case 'unsubscribed':
        end(createFailure(`Cannot follow ${effect.log}, ${effect.reason}: the token must list it`));
        break;
      case 'state':
        tellReason(effect.status.reason);
        if (effect.status.reason === 'faulty')
          end(createFailure('The gateway could not read what was sent to it, twice: its version may be another'));
        break;
      case 'timer':
        stopTimer();
        stopTimer = io.clock.after(Math.max(0, effect.atMs - io.clock.now()), () => step({ type: 'timer' }));
        break;
      case 'live':
      case 'drop-fetch': // its session halts only to end with it
        break;
      default:
        effect satisfies never;
    }
  }

  /** A status changes also where only its details do. */
  function tellReason(reason: ConnectionReason): void {
    if (reason === toldReason || reason === 'authenticated') return;
    toldReason = reason;
    if (reason === 'started') onNews(`connecting to ${url}`);
    else onNews(reason === 'caught-up' ? 'live' : `not connected, ${reason}: trying again`);
  }

  async function fetchToken(): Promise<void> {
    const token = await makeToken(tokens++ > 0);
    if (isEnded) return;
    if (token !== undefined) step({ type: 'token', token, user: subject.user, at: { [own]: NOWHERE }, refused: [] });
    else if (session.status.authenticated) step({ type: 'token-failed', reason: 'unavailable' });
    else end(createFailure('The token ended: make another by message-flow token, or give the secret, which renews it'));
  }

  function open(): void {
    const opened = new WebSocket(url, { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
    socket = opened;
    opened.on('open', () => socket === opened && step({ type: 'opened' }));
    opened.on('message', (data) => socket === opened && hear(String(data)));
    opened.on('error', (error) => {
      lastError = error; // `close` follows, also when it never opened
    });
    opened.on('close', (code) => {
      if (socket !== opened) return;
      socket = undefined;
      const failure = findFailure(code);
      if (failure) end(failure);
      else step({ type: 'closed', code });
    });
  }

  function hear(frame: string): void {
    text = frame;
    const parsed = findGatewayFrame(frame);
    if (parsed?.type === 'auth-failed') {
      end(createFailure(formatRefusal(parsed.reason)));
      return;
    }
    if (parsed?.type === 'error') onNews(`the gateway says ${formatSafe(parsed.message)}`);
    if (parsed?.type === 'auth-ok') hasBeenReached = true;
    step({ type: 'text', text: frame });
  }

  function findFailure(code: number): CommandError | undefined {
    if (code === CLOSE_CODES.revoked) return createFailure('Revoked: this user, session or token may no longer follow');
    if (code === CLOSE_CODES.unauthenticated)
      return createFailure('Not authenticated: the gateway took no token of ours');
    if (hasBeenReached || code === CLOSE_CODES.overloaded || code === CLOSE_CODES.tooMany) return undefined;
    return createFailure(formatUnopened(url, lastError ?? new Error(`it closed the connection with ${code}`)));
  }

  function leave(): void {
    const left = socket;
    socket = undefined;
    if (left) endWebSocket(left, io.clock);
  }

  const stop = () => end();
  io.signal.addEventListener('abort', stop, { once: true });
  if (io.signal.aborted) stop();
  for (const log of logs) step({ type: 'follow', log, from: from === 'start' ? from : NOWHERE });
  step({ type: 'start' });
  const failure = await ended;
  io.signal.removeEventListener('abort', stop);
  if (failure) throw failure;
}
