import {
  type Clock,
  type ControlFrame,
  type Dialect,
  EVERYONE,
  encodeControlFrame,
  encodeEntryFrame,
  encodeJson,
  findDialectFrame,
  HEARTBEAT,
  type LogName,
  type Position,
  readClientText,
  type StartPositions,
  userLog,
} from '../protocol/index.ts';
import type { Socket } from './options.ts';

/** What the sockets to one old server share. */
export interface OldSocketContext {
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** Whom the latest token is for. */
  readonly user: string;
  /** Whom the server has taken before: if it is the same, something may have been missed since. */
  liveUser: string | undefined;
  open(url: string): Socket;
  position(): Position;
  nextPosition(): Position;
  /** True for a position of this page's life; false for one from before a reload. */
  isOurs(position: string): boolean;
}

/** The transport was cut, without a close frame. RFC 6455, 7.1.5. */
const CUT = 1006;
const UNAUTHENTICATED = 4401;
/** After so many refusals one connection is given up: an old server asks no more, and closes nothing. */
const MAX_REFUSALS = 3;
/** How far a heartbeat may be late, in milliseconds. */
const HEARTBEAT_GRACE_MS = 5_000;

/**
 * An old server's socket, as a session sees a gateway's: AUTH goes out as a bare token, and what comes is told in frames of
 * this version. Where the server has no word, as for what was missed, this one says it.
 */
export class OldSocket implements Socket {
  onopen: unknown = null;
  onmessage: unknown = null;
  onclose: unknown = null;
  onerror: unknown = null;
  readonly #context: OldSocketContext;
  readonly #inner: Socket;
  #heardAt: number;
  #refusals = 0;
  /** Whom the latest token was for that went out here. */
  #user = '';
  #isAuthenticated = false;
  /** The logs of an AUTH whose token is out. */
  #pending: StartPositions | undefined;

  constructor(url: string, context: OldSocketContext) {
    this.#context = context;
    this.#heardAt = context.clock.now();
    const inner = context.open(url);
    inner.onopen = () => (this.onopen as (() => void) | null)?.();
    inner.onmessage = ({ data }: { data: unknown }) => typeof data === 'string' && this.#take(data);
    inner.onclose = ({ code }: { code: number }) => this.#end(code);
    inner.onerror = () => {}; // a close follows
    this.#inner = inner;
  }

  send(text: string): void {
    const frame = readClientText(text);
    switch (frame.type) {
      case 'heartbeat':
        this.#answerProbe();
        break;
      case 'auth':
        if (this.#isAuthenticated) {
          // Once is enough; some of these servers mix up who authenticates twice.
          this.#accept(frame.logs, false);
        } else {
          this.#pending = frame.logs;
          this.#user = this.#context.user;
          this.#inner.send(frame.token);
        }
        break;
      default: // an old server takes any other text for a bad token
    }
  }

  close(code?: number): void {
    this.#inner.onopen = this.#inner.onmessage = this.#inner.onclose = null;
    this.#inner.close(code);
  }

  /** An old server can't be asked whether it is there; but when it spoke in its time, it is. */
  #answerProbe(): void {
    const silentMs = this.#context.clock.now() - this.#heardAt;
    if (silentMs < this.#context.dialect.heartbeatMs + HEARTBEAT_GRACE_MS) this.#tell(HEARTBEAT);
  }

  #take(text: string): void {
    const { dialect, clock } = this.#context;
    this.#heardAt = clock.now();
    const frame = findDialectFrame(dialect, text);
    switch (frame?.type) {
      case 'heartbeat':
        this.#tell(HEARTBEAT);
        break;
      case 'auth-ok':
        if (this.#pending) this.#authenticate(this.#pending);
        break;
      case 'auth-failed':
        if (this.#pending) this.#refuse();
        break;
      case 'entry': {
        if (!this.#isAuthenticated) break;
        const log = frame.isForEveryone ? EVERYONE : userLog(this.#user);
        this.#tell(encodeEntryFrame(log, frame.event, encodeJson(frame.data), this.#context.nextPosition()));
        break;
      }
      default: // AUTH REQUEST: the session sends its token unasked
    }
  }

  #authenticate(logs: StartPositions): void {
    this.#pending = undefined;
    this.#isAuthenticated = true;
    this.#accept(logs, this.#context.liveUser === this.#user);
    this.#context.liveUser = this.#user;
  }

  #accept(logs: StartPositions, hasMissed: boolean): void {
    const { dialect, isOurs } = this.#context;
    const at = this.#context.position();
    this.#say({ type: 'auth-ok', user: this.#user, heartbeatMs: dialect.heartbeatMs });
    for (const [name, after] of Object.entries(logs)) {
      const log = name as LogName;
      if (log !== EVERYONE && log !== userLog(this.#user)) {
        this.#say({ type: 'unsubscribed', log, reason: 'refused' });
        continue;
      }
      if (hasMissed || !isOurs(after)) this.#say({ type: 'gap', log, at, reason: 'reset' });
      this.#say({ type: 'live', log, at });
    }
  }

  #refuse(): void {
    this.#pending = undefined;
    this.#refusals++;
    if (this.#refusals < MAX_REFUSALS) {
      this.#say({ type: 'auth-failed', reason: '' });
      return;
    }
    const { onclose } = this;
    this.close();
    (onclose as ((event: { code: number }) => void) | null)?.({ code: UNAUTHENTICATED });
  }

  /** The server of 2016 has no word for a bad token: it cuts the transport. */
  #end(code: number): void {
    const isRefused = code === CUT && this.#pending !== undefined;
    (this.onclose as ((event: { code: number }) => void) | null)?.({ code: isRefused ? UNAUTHENTICATED : code });
  }

  #say(frame: ControlFrame): void {
    this.#tell(encodeControlFrame(frame));
  }

  #tell(data: string): void {
    (this.onmessage as ((event: { data: string }) => void) | null)?.({ data });
  }
}
