import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { type Clock, findJson, isJsonObject } from '../../protocol/index.ts';
import { BrokerError } from '../broker-error.ts';
import type { Gate } from './gate.ts';
import type { Nats } from './load-nats.ts';

/** What the server answers: an object, or why not. */
export type ApiAnswer =
  | { readonly json: Record<string, unknown> }
  | { readonly error: { readonly code: number; readonly status: number; readonly reason: string } };

/** Asks a server, over one connection. All reject with a `BrokerError`. */
export interface JetStreamApi {
  /** Sends a message and waits for its answer. */
  request(subject: string, payload: string, headers?: Readonly<Record<string, string>>): Promise<Msg>;
  /** Sends a message whose answer is JSON. */
  ask(subject: string, payload: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  /** Calls the JetStream API by the name of a call, such as `STREAM.INFO.name`. */
  call(name: string, body?: object): Promise<ApiAnswer>;
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** A subject that only this connection hears. */
  createInbox(): string;
}

/** Codes of JetStream's errors that mean more than a failure. */
export const API_ERROR = {
  messageNotFound: 10037,
  streamNotFound: 10059,
  streamNameInUse: 10058,
  wrongLastSequence: 10071,
} as const;

/** Longest wait for one answer, in milliseconds: a call that takes longer is asked again by whoever has the time. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Creates the API of a connection; answers come to subjects that begin with `inboxPrefix`. */
export function createJetStreamApi(
  nats: Nats,
  connection: NatsConnection,
  { clock, gate, inboxPrefix }: { readonly clock: Clock; readonly gate: Gate; readonly inboxPrefix: string },
): JetStreamApi {
  async function request(subject: string, payload: string, headers?: Readonly<Record<string, string>>): Promise<Msg> {
    try {
      const options = { timeout: ANSWER_TIMEOUT_MS, ...(headers && { headers: createHeaders(headers) }) };
      return await gate.run(payload.length, () => connection.request(subject, payload, options));
    } catch (error) {
      throw toBrokerError(nats, subject, error);
    }
  }

  function createHeaders(record: Readonly<Record<string, string>>): MsgHdrs {
    const headers = nats.headers();
    for (const [name, value] of Object.entries(record)) headers.set(name, value);
    return headers;
  }

  async function ask(subject: string, payload: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer> {
    const message = await request(subject, payload, headers);
    const json = findJson(message.string())?.value;
    if (!isJsonObject(json))
      throw new BrokerError('unavailable', `Cannot use NATS: "${subject}" was not answered in JSON`);
    if (!isJsonObject(json.error)) return { json };
    const { err_code: code, code: status, description } = json.error;
    return { error: { code: Number(code), status: Number(status), reason: String(description).slice(0, 200) } };
  }

  return {
    connection,
    clock,
    request,
    ask,
    call: (name, body) => ask(`$JS.API.${name}`, body ? JSON.stringify(body) : ''),
    createInbox: () => nats.createInbox(inboxPrefix),
  };
}

/**
 * The answer's object.
 * @throws {BrokerError} `refused` when the request was wrong, else `unavailable`
 */
export function getJson(doing: string, answer: ApiAnswer): Record<string, unknown> {
  if ('json' in answer) return answer.json;
  const { status, reason } = answer.error;
  throw new BrokerError(status >= 400 && status < 500 ? 'refused' : 'unavailable', `Cannot ${doing}: ${reason}`);
}

/** The error of a driver as ours: its own may name anything, so it tells only what is known to hold no secret. */
function toBrokerError(nats: Nats, subject: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof nats.PermissionViolationError) {
    return new BrokerError(
      'refused',
      `Cannot ask NATS: this account has no right to ${cause.operation} "${cause.subject}"`,
    );
  }
  if (cause instanceof nats.InvalidArgumentError || cause instanceof nats.InvalidSubjectError) {
    return new BrokerError('refused', `Cannot ask NATS "${subject}": ${cause.message}`, { cause });
  }
  const reason =
    cause instanceof nats.NoRespondersError
      ? 'nobody answers there'
      : cause instanceof nats.TimeoutError
        ? `no answer within ${ANSWER_TIMEOUT_MS} ms`
        : 'the connection ended';
  return new BrokerError('unavailable', `Cannot ask NATS "${subject}": ${reason}`, { cause });
}
