import { randomUUID } from 'node:crypto';
import { type Broker, BrokerError } from '../broker/index.ts';
import {
  awaitWithin,
  type Clock,
  cutRawMembers,
  type EncodedJson,
  EVERYONE,
  findJson,
  findLogName,
  isJsonObject,
  kindOf,
  type LogName,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  type Position,
  RESERVED_IDS,
  userLog,
  utf8Length,
} from '../protocol/index.ts';

/** Most messages in one request. */
const MAX_MESSAGES = 100;
/** Largest body of a request, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;
/** How long an append may take, in milliseconds; what took longer may be stored or not: say it again with its key. */
const APPEND_TIMEOUT_MS = 2_000;

const NOT_TRIED: PublishResult = {
  error: {
    code: 'unavailable',
    message: 'not tried: an earlier message of this log failed; say it again with its key',
  },
};

/** A message that may be appended. */
interface Message {
  readonly log: LogName;
  readonly key: string;
  readonly event: string;
  readonly data: EncodedJson;
}

/** Why a request was refused, before anything was appended. */
export interface PublishRefusal {
  readonly status: 400 | 413;
  readonly code: string;
  readonly message: string;
  /** Which message, from 0; undefined when it is the body itself. */
  readonly index?: number;
}

/** What became of one message. */
export type PublishResult =
  | { readonly at: Position | null }
  | { readonly error: { readonly code: string; readonly message: string } };

const FIELDS = ['user', 'everyone', 'log', 'id', 'data', 'key'];

/** Reads a body of one message or a list: all of it is checked before any of it is appended. */
export function readMessages(
  body: string,
): { readonly messages: Message[]; readonly isList: boolean } | PublishRefusal {
  const parsed = findJson(body);
  if (!parsed) return { status: 400, code: 'invalid-json', message: 'the body is not JSON' };
  const isList = Array.isArray(parsed.value);
  const values: unknown[] = isList ? (parsed.value as unknown[]) : [parsed.value];
  if (values.length === 0) return { status: 400, code: 'no-messages', message: 'the list is empty' };
  if (values.length > MAX_MESSAGES) {
    return {
      status: 413,
      code: 'too-many-messages',
      message: `the list has ${values.length} messages, limit is ${MAX_MESSAGES}`,
    };
  }
  const stray = values.findIndex((value) => !isJsonObject(value));
  if (stray >= 0) return refuse('invalid-message', 'a message is an object', isList ? stray : undefined);
  const raw = cutRawMembers(body, 'data');
  const messages: Message[] = [];
  for (const [i, value] of values.entries()) {
    const message = readMessage(value as Record<string, unknown>, raw[i], isList ? i : undefined);
    if ('status' in message) return message;
    messages.push(message);
  }
  return { messages, isList };
}

/** Appends messages: in order within each log, logs beside one another; answers in the order of the list. */
export async function appendMessages(
  broker: Broker,
  clock: Clock,
  messages: readonly Message[],
): Promise<PublishResult[]> {
  const results: PublishResult[] = [];
  const byLog = new Map<LogName, number[]>();
  for (const [i, { log }] of messages.entries()) byLog.set(log, [...(byLog.get(log) ?? []), i]);
  const appendLog = async (indices: readonly number[]) => {
    let failed: PublishResult | undefined;
    for (const i of indices) {
      // After one of unknown outcome nothing is stored, or saying them again would change their order.
      const result: PublishResult = failed ?? (await append(broker, clock, messages[i] as Message));
      if ('error' in result && result.error.code === 'unavailable') failed = NOT_TRIED;
      results[i] = result;
    }
  };
  await Promise.all([...byLog.values()].map(appendLog));
  return results;
}

async function append(broker: Broker, clock: Clock, { log, ...entry }: Message): Promise<PublishResult> {
  try {
    return { at: await awaitWithin(clock, APPEND_TIMEOUT_MS, () => broker.append(log, entry)) };
  } catch (error) {
    if (error instanceof BrokerError) return { error: { code: error.code, message: error.message } };
    // That the time was over says nothing of whose it was.
    return { error: { code: 'unavailable', message: `the broker failed: ${(error as Error).message}` } };
  }
}

function readMessage(
  value: Record<string, unknown>,
  data: EncodedJson | undefined,
  index: number | undefined,
): Message | PublishRefusal {
  const { id, key = randomUUID() } = value;
  const unknown = Object.keys(value).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return refuse('unknown-field', `"${unknown.slice(0, 40)}" is none of ${FIELDS.join(', ')}`, index);
  if (!isName(id)) return refuse('invalid-id', `id is an event's name of 1 to ${MAX_KEY_BYTES} bytes`, index);
  if ((RESERVED_IDS as readonly string[]).includes(id))
    return refuse('reserved-id', `"${id}" is the protocol's own`, index);
  if (!isName(key)) return refuse('invalid-key', `key is a text of 1 to ${MAX_KEY_BYTES} bytes`, index);
  if (data === undefined) return refuse('no-data', 'data is missing; null is data', index);
  const bytes = utf8Length(data);
  if (bytes > MAX_ENTRY_BYTES) {
    return { ...refuse('too-large', `data has ${bytes} bytes, limit is ${MAX_ENTRY_BYTES}`, index), status: 413 };
  }
  const log = readTarget(value);
  return typeof log === 'string' ? { log, key, event: id, data } : refuse(log.code, log.message, index);
}

function readTarget({ user, everyone, log }: Record<string, unknown>): LogName | { code: string; message: string } {
  if ([user, everyone, log].filter((target) => target !== undefined).length !== 1) {
    return { code: 'invalid-target', message: 'a message has one of user, everyone and log' };
  }
  if (everyone !== undefined) {
    return everyone === true ? EVERYONE : { code: 'invalid-target', message: 'everyone is true or left out' };
  }
  if (user !== undefined) {
    if (typeof user !== 'string' || user === '')
      return { code: 'invalid-user', message: "user is a user's id, a text" };
    try {
      return userLog(user);
    } catch (error) {
      return { code: 'invalid-user', message: (error as Error).message };
    }
  }
  const name = typeof log === 'string' ? findLogName(log) : undefined;
  if (!name) return { code: 'invalid-log', message: 'log is the whole encoded name of a log' };
  if (!['channel', 'store', 'run'].includes(kindOf(name))) {
    return { code: 'refused-log', message: `"${name}" can't be published to as a log; use user or everyone` };
  }
  return name;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && utf8Length(value) <= MAX_KEY_BYTES;
}

function refuse(code: string, message: string, index: number | undefined): PublishRefusal {
  return { status: 400, code, message, ...(index === undefined ? {} : { index }) };
}
