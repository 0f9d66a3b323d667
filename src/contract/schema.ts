/**
 * A check for a payload: any Standard Schema (zod, valibot, arktype …). Only the part that we use is stated, as the
 * specification allows: https://standardschema.dev, version 1.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Checks a value; the result's `value` is what is sent. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a check says. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a payload, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What the sender gives to a schema. */
export type InputOf<S extends Schema> = NonNullable<S['~standard']['types']>['input'];

/** What a schema makes of it; this travels, as JSON. */
export type OutputOf<S extends Schema> = NonNullable<S['~standard']['types']>['output'];

/** A value that says itself what JSON takes in its place, as `Date` does. */
export interface JsonMaker<J> {
  /** What JSON takes. */
  toJSON(): J;
}

/**
 * What a value is once it went through JSON: a `Date` arrives as a string, a function not at all.
 */
export type Received<T> = unknown extends T
  ? T
  : T extends JsonMaker<infer J>
    ? Received<J>
    : T extends string | number | boolean | null | undefined
      ? T
      : T extends bigint | symbol | ((...args: never) => unknown)
        ? never
        : T extends object
          ? { [K in keyof T]: Received<T[K]> }
          : T;

/** States a payload's type without a check at run time. `T` is taken at its word. */
export function type<T>(): Schema<T> {
  return { '~standard': { version: 1, vendor: 'message-flow', validate: (value) => ({ value: value as T }) } };
}
