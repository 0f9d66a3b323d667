import type { Channel, ChannelModel } from 'amqplib';
import { BrokerError } from '../broker-error.ts';
import type { RetentionOptions } from '../retention.ts';
import { retentionOfStream, STREAM_KINDS, type StreamKind } from '../stream-kind.ts';
import type { AmqpAddress } from './amqp-address.ts';
import { describeFault } from './dial.ts';

/** How long a key is remembered, in milliseconds. */
export const KEY_WINDOW_MS = 600_000;
/** How far clocks may lie apart, in milliseconds. */
const CLOCK_MARGIN_MS = 60_000;
/** What of a stream goes at once. The last of it never goes, so that quiet streams know more than their time. */
const SEGMENT_BYTES = 32 * 1_048_576;
const HOUR_MS = 3_600_000;

/** How far back a process must read a stream, in milliseconds: what is kept, and the keys that were said before that. */
export function spanOfStream(kind: StreamKind, retention: RetentionOptions): number {
  return retentionOfStream(kind, retention).maxAgeMs + KEY_WINDOW_MS + CLOCK_MARGIN_MS;
}

/** The queue that is a stream. */
export function queueOf(prefix: string, kind: StreamKind): string {
  return `${prefix}-${kind}`;
}

/**
 * Looks whether the exchange and the streams are there; makes them where they are not. What there is stays as it is.
 * @throws {BrokerError} `refused` when this account may not make them, or something else has their names
 */
export async function setUpStreams(
  line: ChannelModel,
  address: AmqpAddress,
  retention: RetentionOptions,
): Promise<void> {
  const { prefix } = address;
  const parts: readonly Part[] = [
    {
      check: (channel) => channel.checkExchange(prefix),
      make: (channel) => channel.assertExchange(prefix, 'direct', { durable: true }),
    },
    ...STREAM_KINDS.map((kind): Part => {
      const queue = queueOf(prefix, kind);
      const options = { durable: true, arguments: createArguments(kind, address, retention) };
      return { check: (channel) => channel.checkQueue(queue), make: (channel) => channel.assertQueue(queue, options) };
    }),
  ];
  const areThere = await Promise.all(parts.map((part) => isThere(line, part)));
  if (areThere.every(Boolean)) return;
  // One by one: to make what is there, as these options would have it, is refused if others made it.
  for (const part of parts) if (!(await isThere(line, part))) await perform(line, part.make);
  await perform(line, async (channel) => {
    for (const kind of STREAM_KINDS) await channel.bindQueue(queueOf(prefix, kind), prefix, kind);
  });
}

/** The exchange, or a stream. */
interface Part {
  check(channel: Channel): Promise<unknown>;
  make(channel: Channel): Promise<unknown>;
}

async function isThere(line: ChannelModel, { check }: Part): Promise<boolean> {
  const looked = await attempt(line, check);
  if (!looked.ok && looked.code !== 404) throw createFault(looked);
  return looked.ok;
}

async function perform(line: ChannelModel, work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const done = await attempt(line, work);
  if (!done.ok) throw createFault(done);
}

function createArguments(kind: StreamKind, { replicas }: AmqpAddress, retention: RetentionOptions): object {
  const span = spanOfStream(kind, retention);
  return {
    'x-queue-type': 'stream',
    'x-stream-max-segment-size-bytes': SEGMENT_BYTES,
    // Twice: so that who reads back is not overtaken by what goes.
    ...(Number.isFinite(span) && { 'x-max-age': `${Math.ceil((2 * span) / HOUR_MS)}h` }),
    ...(replicas !== undefined && { 'x-initial-cluster-size': replicas }),
  };
}

type Attempt = { readonly ok: true } | { readonly ok: false; readonly code: unknown; readonly reason: string };

/** A server ends the channel on which something failed, so each attempt has its own. */
async function attempt(line: ChannelModel, work: (channel: Channel) => Promise<unknown>): Promise<Attempt> {
  const channel = await line.createChannel();
  channel.on('error', () => {}); // the call rejects with it too
  try {
    await work(channel);
    await channel.close();
    return { ok: true };
  } catch (error) {
    return { ok: false, code: (error as { readonly code?: unknown }).code, reason: describeFault(error) };
  }
}

function createFault({ code, reason }: Extract<Attempt, { ok: false }>): BrokerError {
  const isFinal = code === 403 || code === 406;
  return new BrokerError(isFinal ? 'refused' : 'unavailable', `Cannot make the streams: ${reason}`);
}
