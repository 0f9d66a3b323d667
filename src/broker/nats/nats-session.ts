import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock, LogName } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { Session } from '../link.ts';
import type { RetentionOptions } from '../retention.ts';
import type { StreamKind } from '../stream-kind.ts';
import { dial, inboxPrefixOf } from './dial.ts';
import type { Gate } from './gate.ts';
import { createJetStreamApi, type JetStreamApi } from './jetstream-api.ts';
import type { Nats } from './load-nats.ts';
import type { NatsAddress } from './nats-address.ts';
import type { Stream } from './stream.ts';
import { setUpStream } from './stream-setup.ts';

/** A connection, with the streams behind it. */
export interface NatsSession extends Session {
  readonly api: JetStreamApi;
  readonly streams: Readonly<Record<StreamKind, Stream>>;
  /** Runs of which it is known that they began. */
  readonly begunRuns: Set<LogName>;
  /** Resolves once what was subscribed to until now is heard from the leader of a stream. */
  prove(kind: StreamKind): Promise<void>;
  /** Gives the session up, saying why; the first reason counts. */
  end(reason: string): void;
  /**
   * States that nobody gave it up.
   * @throws {BrokerError} `unavailable` with the reason
   */
  confirm(): void;
}

/** What a session is opened with. */
export interface SessionParts {
  readonly nats: Nats;
  readonly address: NatsAddress;
  readonly retention: RetentionOptions;
  readonly gate: Gate;
  readonly clock: Clock;
}

/**
 * Connects, and opens the streams.
 * @throws {BrokerError} which says what is missing
 */
export async function openSession({ nats, address, retention, gate, clock }: SessionParts): Promise<NatsSession> {
  const connection = await dial(nats, address, clock);
  try {
    const api = createJetStreamApi(nats, connection, { clock, gate, inboxPrefix: inboxPrefixOf(address) });
    const ending = watchEnd(connection);
    const onGone = (name: string) => ending.end(`the stream "${name}" was removed or changed`);
    const open = (kind: StreamKind) => setUpStream(api, kind, { address, retention, onGone });
    const [messages, runs, control] = await Promise.all([open('messages'), open('runs'), open('control')]);
    const streams = { messages, runs, control };
    return {
      ...{ api, streams, ...ending },
      begunRuns: new Set(),
      prove: createProofs(streams),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function watchEnd(connection: NatsConnection): Pick<NatsSession, 'ended' | 'end' | 'confirm'> {
  let fault: string | undefined;
  let settle: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    settle = resolve;
  });
  function end(reason: string): void {
    fault ??= reason;
    settle(fault);
  }
  void connection.closed().then(() => end('the connection ended')); // resolves with an error too
  return {
    ended,
    end,
    confirm() {
      if (fault !== undefined) throw new BrokerError('unavailable', `Cannot use NATS: ${fault}`);
    },
  };
}

/**
 * One question to a leader proves all subscriptions that went before it: each server on the way hands both on in their order.
 * Those of one turn share it, so that following ten thousand logs does not ask ten thousand times.
 */
function createProofs(streams: NatsSession['streams']): NatsSession['prove'] {
  const proofs = new Map<StreamKind, Promise<void>>();
  return (kind) => {
    let proof = proofs.get(kind);
    if (!proof) {
      proof = Promise.resolve().then(async () => {
        proofs.delete(kind);
        await streams[kind].info();
      });
      proofs.set(kind, proof);
    }
    return proof;
  };
}
