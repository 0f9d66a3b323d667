/** What all sockets have in common, on both sides. Times in milliseconds. */
export const SOCKET_OPTIONS = {
  linger: 0, // what is unsent at the end would hold up the process
  maxMessageSize: 524_288, // of a frame, in bytes: the largest entry, or a full list of names, with room
  // Without these a peer that was stopped, or whose network went, is never missed.
  heartbeatInterval: 2_000,
  heartbeatTimeout: 5_000,
  heartbeatTimeToLive: 6_000,
  handshakeInterval: 5_000,
  reconnectInterval: 100,
  reconnectMaxInterval: 1_000,
  ipv6: true,
} as const;

/** Requests that one broker has under way; a few times this many wait in the sockets at most. */
export const REQUEST_WINDOW = 256;

/** Live messages that wait on each side of one connection. What comes beyond is dropped, found out, and read again. */
export const LIVE_WINDOW = 4_096;
