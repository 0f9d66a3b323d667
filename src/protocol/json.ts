/** JSON text, already encoded: stays so from the publisher to the socket, so that numbers survive to the digit. */
export type EncodedJson = string & { readonly [brand]: 'EncodedJson' };
declare const brand: unique symbol;

/**
 * Encodes a value once, for its whole way.
 * @throws {TypeError} when the value has no JSON: undefined, a function, a bigint, a cycle
 */
export function encodeJson(value: unknown): EncodedJson {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new TypeError(`Cannot encode data: ${reason}`, { cause });
  }
  if (text === undefined) throw new TypeError(`Cannot encode data: ${typeof value} has no JSON`);
  return text as EncodedJson;
}

/** Parses JSON, or says that it is none; for what comes from the network. */
export function findJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined; // not JSON: the caller answers for it
  }
}

/** True for what JSON calls an object. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
