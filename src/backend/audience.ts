import type { Events, Payload } from '../contract/index.ts';
import type { LogName } from '../protocol/index.ts';
import { encodePayload } from './payload.ts';
import type { Sender, Sent } from './sender.ts';

/** What may be said about one message. */
export interface SendOptions {
  /**
   * What makes the message one: said twice to one audience within the broker's key window (10 minutes or more), it is
   * delivered once. 1 to 128 bytes. Give one wherever a send may be said again. @default random
   */
  readonly key?: string;
}

/** The arguments of `send` after the event: the payload may be left out only where its type allows undefined. */
export type SendArguments<Input> = undefined extends Input
  ? [payload?: Input, options?: SendOptions]
  : [payload: Input, options?: SendOptions];

/** Whom a message goes to: one user on all tabs and devices, everyone, or a channel. */
export interface Audience<E extends Events> {
  /**
   * Checks the payload, encodes what its schema makes of it (undefined as null), and hands it to the broker. Resolves when
   * the broker has it, not when a browser has: every follower then gets it once, as long as the log keeps it. Messages to
   * one audience arrive in the order of these calls, however long a payload's check takes.
   *
   * It settles within `sendTimeoutMs`. What it returns counts as handled: not awaited, a failure is only counted and
   * reported to `onEvent`. A payload that is checked asynchronously must not be changed meanwhile.
   * @throws {FlowError} `invalid-payload`, `too-large`, `overloaded`, `unavailable`, `refused` or `closed`
   * @throws {RangeError} when the contract has no such event, or the key is empty or over 128 bytes
   * @throws {TypeError} when the payload has no JSON, such as a bigint, or the key is no string
   */
  send<Name extends keyof E & string>(event: Name, ...message: SendArguments<Payload<E, Name>>): Promise<Sent>;
}

/** Creates the audience of one log. */
export function createAudience<E extends Events>(sender: Sender, log: LogName, events: E): Audience<E> {
  return {
    send: (event, ...[payload, options]) =>
      sender.send(log, event, options?.key, () => encodePayload(events, event, payload)),
  };
}
