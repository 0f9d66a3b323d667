import type { Events, SchemaIssue, SchemaResult } from '../contract/index.ts';
import { type EncodedJson, encodeJson, MAX_ENTRY_BYTES } from '../protocol/index.ts';
import { FlowError } from './flow-error.ts';

const MAX_SHOWN_ISSUES = 5;
const MAX_SHOWN_CHARS = 80;

/**
 * Checks a payload by its event's schema and encodes what the schema makes of it; undefined becomes null. Answers at once
 * where the schema does.
 * @throws {RangeError} when there is no such event
 * @throws {FlowError} `invalid-payload` or `too-large`
 * @throws {TypeError} when the payload has no JSON
 */
export function encodePayload(events: Events, event: string, payload: unknown): EncodedJson | Promise<EncodedJson> {
  const schema = Object.hasOwn(events, event) ? events[event] : undefined;
  if (!schema) {
    const names = Object.keys(events).join('", "');
    throw new RangeError(`Cannot send "${event}": the contract has no such event, it has "${names}"`);
  }
  let result: ReturnType<(typeof schema)['~standard']['validate']>;
  try {
    result = schema['~standard'].validate(payload);
  } catch (cause) {
    throw brokenSchema(event, cause);
  }
  if (!('then' in result)) return encodeResult(event, result);
  return Promise.resolve(result).then(
    (settled) => encodeResult(event, settled),
    (cause) => {
      throw brokenSchema(event, cause);
    },
  );
}

function encodeResult(event: string, result: SchemaResult<unknown>): EncodedJson {
  if (result.issues) {
    const places = result.issues.slice(0, MAX_SHOWN_ISSUES).map(placeOf).join('", "');
    throw new FlowError('invalid-payload', `Cannot send "${event}": its payload is invalid at "${places}"`, {
      cause: result.issues,
    });
  }
  const data = encodeJson(result.value === undefined ? null : result.value);
  const bytes = Buffer.byteLength(data);
  if (bytes > MAX_ENTRY_BYTES) {
    const message = `Cannot send "${event}": its payload has ${bytes} bytes, limit is ${MAX_ENTRY_BYTES}`;
    throw new FlowError('too-large', message);
  }
  return data;
}

function brokenSchema(event: string, cause: unknown): FlowError {
  return new FlowError('invalid-payload', `Cannot send "${event}": its schema could not check the payload`, { cause });
}

/** Where, but not what: what a schema says may quote the payload, and messages end up in logs. */
export function placeOf({ path = [] }: SchemaIssue): string {
  const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return place.slice(0, MAX_SHOWN_CHARS) || 'payload';
}
