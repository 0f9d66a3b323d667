import { randomBytes } from 'node:crypto';
import type { RetentionOptions } from '../retention.ts';
import { retentionOfStream, type StreamKind } from '../stream-kind.ts';
import { API_ERROR, getJson, type JetStreamApi } from './jetstream-api.ts';
import type { NatsAddress } from './nats-address.ts';
import { openStream, type Stream } from './stream.ts';
import { boundOf, describeStream, getStreamInfo, type StreamInfo } from './stream-info.ts';

/** How long a key is remembered, in milliseconds. */
export const KEY_WINDOW_MS = 600_000;

/** How long a quiet log's end is known, in milliseconds: where a stream begins says it, so messages stay as long. */
const KEEP_TOP_MS = 30 * 24 * 3_600_000;
const NANOS_PER_MS = 1_000_000;

/** How streams are opened. */
export interface StreamSetup {
  readonly address: Pick<NatsAddress, 'prefix' | 'replicas'>;
  readonly retention: RetentionOptions;
  /** Called when a stream is seen to be another than it was. */
  readonly onGone: (name: string) => void;
}

/**
 * Opens a stream; makes it where there is none. What there is stays as it is, but for what the options say outright: a
 * gateway that was told nothing of retention must not take the backend's back.
 * @throws {BrokerError} `refused` when this account may not make or change it, or something else has its name or subjects
 */
export async function setUpStream(
  api: JetStreamApi,
  kind: StreamKind,
  { address, retention, onGone }: StreamSetup,
): Promise<Stream> {
  const { prefix, replicas } = address;
  const name = `${prefix}-${kind}`;
  const found = await findInfo(api, name);
  const info = found ?? (await createStream(api, name, kind, prefix, { replicas: replicas ?? 1, retention }));
  const changes = { ...(replicas !== undefined && { num_replicas: replicas }), ...changesOf(kind, retention) };
  const isSame = Object.entries(changes).every(([field, value]) => info.config[field] === value);
  const open = (opened: StreamInfo) => openStream(api, name, opened, () => onGone(name));
  if (isSame) return open(info);
  const least = Math.min(info.leastKept, boundOf(changes));
  const config = { ...info.config, ...changes, description: describeStream(kind, least) };
  const answer = await api.call(`STREAM.UPDATE.${name}`, config);
  return open(getStreamInfo(name, getJson(`change the stream "${name}"`, answer)));
}

async function findInfo(api: JetStreamApi, name: string): Promise<StreamInfo | undefined> {
  const answer = await api.call(`STREAM.INFO.${name}`);
  if ('error' in answer && answer.error.code === API_ERROR.streamNotFound) return undefined;
  return getStreamInfo(name, getJson(`look at the stream "${name}"`, answer));
}

async function createStream(
  api: JetStreamApi,
  name: string,
  kind: StreamKind,
  prefix: string,
  { replicas, retention }: { readonly replicas: number; readonly retention: RetentionOptions },
): Promise<StreamInfo> {
  // A part that no other stream had: who still sends to one that was removed is told that nobody is there.
  const nonce = randomBytes(6).toString('hex');
  const subject = `${prefix}.log.${kind}.${nonce}.>`;
  const limits = limitsOf(kind, retention);
  const answer = await api.call(`STREAM.CREATE.${name}`, {
    name,
    description: describeStream(kind, boundOf(limits)),
    subjects: [subject],
    republish: { src: subject, dest: `${prefix}.live.${kind}.${nonce}.>` },
    ...limits,
    num_replicas: replicas,
    allow_direct: replicas === 1,
    // What is taken out of the middle of a log leaves no trace, and its followers would not be told.
    ...{ deny_delete: true, deny_purge: true },
    ...{ storage: 'file', retention: 'limits', discard: 'old' },
    ...{ max_msgs: -1, max_bytes: -1, max_msg_size: -1, max_consumers: -1 },
  });
  const isTaken = 'error' in answer && answer.error.code === API_ERROR.streamNameInUse;
  const info = isTaken ? await findInfo(api, name) : undefined; // another process was faster
  return info ?? getStreamInfo(name, getJson(`make the stream "${name}"`, answer));
}

/** What bounds a stream: a number of messages a subject, and an age. There is no bound in bytes a subject. */
interface Limits {
  readonly max_msgs_per_subject: number;
  readonly max_age: number;
  /** The server takes none that is longer than the age. */
  readonly duplicate_window: number;
}

function limitsOf(kind: StreamKind, retention: RetentionOptions): Limits {
  const { maxEntries, maxAgeMs } = retentionOfStream(kind, retention);
  const ageMs = kind === 'messages' ? Math.max(maxAgeMs, KEEP_TOP_MS) : maxAgeMs;
  return {
    max_msgs_per_subject: Number.isFinite(maxEntries) ? Math.ceil(maxEntries) : -1,
    max_age: Number.isFinite(ageMs) ? Math.ceil(ageMs * NANOS_PER_MS) : 0,
    duplicate_window: Math.ceil(Math.min(KEY_WINDOW_MS, ageMs) * NANOS_PER_MS),
  };
}

function changesOf(kind: StreamKind, retention: RetentionOptions): Partial<Limits> {
  const given = kind === 'control' ? undefined : retention[kind];
  const { max_msgs_per_subject, ...age } = limitsOf(kind, retention);
  return {
    ...(given?.maxEntries !== undefined && { max_msgs_per_subject }),
    ...(given?.maxAgeMs !== undefined && age),
  };
}
