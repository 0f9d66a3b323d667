import { createHash } from 'node:crypto';
import { isJsonObject } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';

/** Servers elect another leader when they heard nothing of theirs for so long, in nanoseconds, or longer: 4 s, less a margin. */
const LEASE_NANOS = 3_000_000_000;

/** What `describeStream` wrote. */
const LEAST = /never fewer than (\d+) a log$/;

/** What a stream says of itself. */
export interface StreamInfo {
  readonly config: Readonly<Record<string, unknown>>;
  /** The identity of its numbering: another for a stream that was made anew. */
  readonly epoch: string;
  /** What subjects begin with that messages are sent to. */
  readonly logPrefix: string;
  /** What subjects begin with on which they are heard. */
  readonly livePrefix: string;
  /** How many newer messages of its subject let a message go: the least that was ever set. */
  readonly leastKept: number;
  /** It has one replica and answers direct gets. Of several any would answer them, one that lags too. */
  readonly isDirect: boolean;
  /** The first message that it holds; one above the last where it holds none. */
  readonly firstSeq: number;
  /** The last number that it gave. */
  readonly lastSeq: number;
  /** The server that leads it; undefined where there is one server only. */
  readonly leader: string | undefined;
  /** Messages by subject, where they were asked for. */
  readonly subjects: Readonly<Record<string, unknown>>;
}

/**
 * Reads an answer of `STREAM.INFO`, `STREAM.CREATE` or `STREAM.UPDATE`.
 * @throws {BrokerError} `refused` when it is not a stream that logs can be kept in, `unavailable` while it has no leader that a
 *   majority hears
 */
export function getStreamInfo(name: string, { config, created, state, cluster }: Record<string, unknown>): StreamInfo {
  if (!isJsonObject(config) || typeof created !== 'string' || !isJsonObject(state)) {
    throw new BrokerError('unavailable', `Cannot use the stream "${name}": its description is none`);
  }
  const [subject, ...others] = Array.isArray(config.subjects) ? (config.subjects as unknown[]) : [];
  const { src, dest } = isJsonObject(config.republish) ? config.republish : {};
  if (!isTree(subject) || others.length > 0 || src !== subject || !isTree(dest)) {
    const wanted = 'it must take one subject, which ends in ".>", and republish that to another';
    throw new BrokerError('refused', `Cannot use the stream "${name}": ${wanted}`);
  }
  const leader = isJsonObject(cluster) ? getLeader(name, cluster) : undefined;
  return {
    config,
    // The subject holds what no two streams of one name share, for clocks may be set back.
    epoch: createHash('sha256').update(`${created} ${subject}`).digest('hex').slice(0, 16),
    logPrefix: subject.slice(0, -1),
    livePrefix: dest.slice(0, -1),
    leastKept: Math.min(
      boundOf(config),
      Number(LEAST.exec(String(config.description))?.[1] ?? Number.POSITIVE_INFINITY),
    ),
    isDirect: config.allow_direct === true && config.num_replicas === 1,
    firstSeq: Number(state.first_seq),
    lastSeq: Number(state.last_seq),
    leader,
    subjects: isJsonObject(state.subjects) ? state.subjects : {},
  };
}

/**
 * Who leads a stream in a cluster. A server that lost the others answers all the same, of what it had: if it led, it takes itself
 * for the leader for some 20 s, while the others may have elected one.
 */
function getLeader(name: string, { leader, replicas = [] }: Record<string, unknown>): string {
  if (typeof leader !== 'string' || leader === '') {
    throw new BrokerError('unavailable', `Cannot use the stream "${name}": it has no leader`);
  }
  const others = Array.isArray(replicas) ? (replicas as unknown[]) : [];
  const heard = others.filter((other) => isJsonObject(other) && Number(other.active) < LEASE_NANOS);
  if (heard.length < others.length / 2) {
    throw new BrokerError('unavailable', `Cannot use the stream "${name}": its leader has lost the others`);
  }
  return leader;
}

/** How many messages of a subject a stream keeps. */
export function boundOf({ max_msgs_per_subject: most }: { readonly max_msgs_per_subject?: unknown }): number {
  return typeof most === 'number' && most > 0 ? most : Number.POSITIVE_INFINITY;
}

/** Writes a description, which keeps the least bound ever set: what went under that is gone under a higher one too. */
export function describeStream(kind: string, leastKept: number): string {
  return `Message Flow: ${kind}${Number.isFinite(leastKept) ? `, never fewer than ${leastKept} a log` : ''}`;
}

function isTree(subject: unknown): subject is string {
  return typeof subject === 'string' && subject.endsWith('.>');
}
