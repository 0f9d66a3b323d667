import { createSecretKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Broker } from '../broker/index.ts';
import {
  awaitWithin,
  type Clock,
  canaryLog,
  encodeClientFrame,
  encodeJson,
  findGatewayFrame,
  type LogName,
  type Position,
  TOKEN_AUDIENCE,
} from '../protocol/index.ts';
import type { Relay, Subscription } from './relay.ts';
import type { Frame } from './ring.ts';

/** One part of the way, and why it does not work. */
export interface PartHealth {
  readonly ok: boolean;
  readonly reason?: string;
}

/** The health of the whole way: each part by its own proof. */
export interface GatewayHealth {
  /** The broker's own word. */
  readonly broker: PartHealth;
  /** An entry that was appended came round through the broker and the ring. */
  readonly ring: PartHealth;
  /** The same entry came out of a real socket of this gateway. */
  readonly socket: PartHealth;
}

/** Sends an entry round the real ring and out of a real socket. */
export interface Canary {
  /** Checks now; checks asked for at once are one. Never rejects. */
  check(): Promise<GatewayHealth>;
  /** Leaves the socket for good: the gateway drains. */
  leave(): void;
  close(): void;
}

/** A WebSocket to this gateway itself, as the host opens it. */
export interface CanarySocket {
  send(text: string): void;
  close(): void;
}

/** Opens a WebSocket to this gateway, and shows the pass; rejects when it is not reached. */
export type DialCanary = (pass: string, onText: (text: string) => void, onClose: () => void) => Promise<CanarySocket>;

/** What a canary runs on. */
export interface CanaryOptions<F extends Frame> {
  readonly name: string;
  readonly broker: Broker;
  readonly relay: Relay<F>;
  readonly secret: string;
  /** By which the gateway knows its own socket. */
  readonly pass: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly wallClock: () => number;
  /** Undefined: this host has no socket to dial. */
  readonly dial: DialCanary | undefined;
}

const TOKEN_LIFETIME_S = 3_600;

/** Creates a canary that does nothing until it is asked. */
export function createCanary<F extends Frame>(options: CanaryOptions<F>): Canary {
  const { broker, relay, clock, timeoutMs } = options;
  const log = canaryLog(options.name);
  /** Who waits for which key, in the ring and at the socket. */
  const waiting = { ring: new Map<string, () => void>(), socket: new Map<string, () => void>() };
  const subscription: Subscription = { log, follower: { markReady: () => {}, pump } };
  let isFollowing = false;
  let hasLeft = false;
  let socket: Promise<CanarySocket> | undefined;
  let running: Promise<GatewayHealth> | undefined;

  function pump(): void {
    for (let hasMore = true; hasMore; ) {
      const taking = relay.take(subscription, Number.POSITIVE_INFINITY);
      hasMore = taking.hasMore;
      for (const delivery of taking.deliveries) {
        if (delivery.type !== 'entries') continue;
        for (const { data } of delivery.ring.entries(delivery.chunk.from, delivery.chunk.to)) arrive('ring', data);
      }
    }
  }

  function arrive(part: keyof typeof waiting, data: string): void {
    waiting[part].get(data)?.();
    waiting[part].delete(data);
  }

  async function check(): Promise<GatewayHealth> {
    const state = await within('broker', broker.health());
    const own: PartHealth =
      'error' in state ? fail(state.error) : state.value.ok ? { ok: true } : fail(state.value.reason ?? 'not ok');
    const data = encodeJson(randomUUID());
    const start = await within('tops', broker.tops([log]));
    if ('error' in start) return { broker: own, ring: fail(start.error), socket: fail('no entry to wait for') };
    const at = start.value.get(log) as Position;
    if (!isFollowing) relay.follow(subscription, at);
    isFollowing = true;
    // A gateway that drains takes no socket, on purpose: nothing is wrong with it.
    const dialled = hasLeft ? undefined : await within('socket', openSocket(at));
    const ring = hear('ring', data);
    const heard = !dialled
      ? { ok: true, reason: 'draining' }
      : 'error' in dialled
        ? fail(dialled.error)
        : hear('socket', data);
    const stored = await within('append', broker.append(log, { key: data, event: 'canary', data }));
    if ('error' in stored) {
      arrive('ring', data);
      arrive('socket', data);
      return { broker: fail(stored.error), ring: fail(stored.error), socket: fail(stored.error) };
    }
    return { broker: own, ring: await ring, socket: await heard };
  }

  function hear(part: keyof typeof waiting, data: string): Promise<PartHealth> {
    const heard = new Promise<void>((resolve) => {
      waiting[part].set(data, resolve);
    });
    return within(part, heard).then((result) => {
      waiting[part].delete(data);
      return 'error' in result ? fail(result.error) : { ok: true };
    });
  }

  function openSocket(at: Position): Promise<CanarySocket> {
    socket ??= connect(at).catch((error: unknown) => {
      socket = undefined;
      throw error;
    });
    return socket;
  }

  async function connect(at: Position): Promise<CanarySocket> {
    if (!options.dial) throw new Error('this host has no socket to dial');
    const token = await signToken(options.secret, log, options.wallClock() / 1_000);
    const opened = await options.dial(
      options.pass,
      (text) => {
        const frame = findGatewayFrame(text);
        if (frame?.type === 'entry' && frame.log === log) arrive('socket', encodeJson(frame.data));
      },
      // When its token ends the gateway closes it, as any other; the next check opens it anew.
      () => {
        socket = undefined;
      },
    );
    opened.send(encodeClientFrame({ type: 'auth', token, logs: { [log]: at } }));
    return opened;
  }

  /** What a promise gave in time, or why it did not. */
  async function within<T>(
    what: string,
    promise: Promise<T>,
  ): Promise<{ readonly value: T } | { readonly error: string }> {
    try {
      return { value: await awaitWithin(clock, timeoutMs, () => promise) };
    } catch (error) {
      return { error: `${what}: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  return {
    check() {
      running ??= check().finally(() => {
        running = undefined;
      });
      return running;
    },
    leave() {
      hasLeft = true;
      void socket?.then((opened) => opened.close()).catch(() => {}); // one that never opened needs no closing
    },
    close() {
      this.leave();
      if (isFollowing) relay.unfollow(subscription);
    },
  };
}

function fail(reason: string): PartHealth {
  return { ok: false, reason };
}

function signToken(secret: string, log: LogName, nowS: number): Promise<string> {
  return new SignJWT({ logs: [log] })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(TOKEN_AUDIENCE)
    .setSubject('message-flow canary')
    .setJti(randomUUID())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + TOKEN_LIFETIME_S)
    .sign(createSecretKey(Buffer.from(secret, 'utf8')));
}
