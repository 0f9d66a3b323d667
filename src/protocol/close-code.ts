/** Why a gateway ended a connection. RFC 6455, 7.4.2: 4000–4999 are free for applications. `docs/protocol.md` has the table. */
export const CLOSE_CODES = {
  /** The gateway leaves; reconnect within 2 s. RFC 6455, 7.4.1. */
  goingAway: 1001,
  /** A frame was larger than 65,536 bytes. RFC 6455, 7.4.1. */
  tooLarge: 1009,
  /** A fault of the gateway's own. RFC 6455, 7.4.1. */
  internalError: 1011,
  /** The gateway has as many connections as it takes. RFC 6455's registry: "try again later". */
  overloaded: 1013,
  /** Binary, bad UTF-8, or a frame that begins with `{` and does not parse. */
  malformed: 4400,
  /** Three tokens refused, no token within 10 s, or another user's token on a live connection. */
  unauthenticated: 4401,
  /** The token expired and was not renewed in its grace. */
  tokenExpired: 4408,
  /** The token, session or user was revoked: signed out. */
  revoked: 4409,
  /** Nothing drained for 30 s. */
  stalled: 4413,
  /** Too many connections of one user, too many frames, or answers that are not read. */
  tooMany: 4429,
} as const;

/** A close code of the protocol. */
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];
