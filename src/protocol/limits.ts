/** Largest frame a gateway takes from a client, in bytes. */
export const MAX_CLIENT_FRAME_BYTES = 65_536;
/** Largest entry, encoded, in bytes. */
export const MAX_ENTRY_BYTES = 262_144;
/** Longest token, in bytes. */
export const MAX_TOKEN_BYTES = 16_384;
/** Longest key of an entry and longest name of an event, in bytes. */
export const MAX_KEY_BYTES = 128;
/** Most logs a connection follows and a token lists, besides the user's own two. */
export const MAX_LOGS = 128;
/** Most bytes of log names in one token. */
export const MAX_TOKEN_LOG_BYTES = 11_000;
/** How often a gateway sends a heartbeat, in milliseconds; the 2016 value was 45,000, and nginx cuts silence at 60,000. */
export const DEFAULT_HEARTBEAT_MS = 25_000;

/** Bytes of a text in UTF-8, counted without an encoder: this folder has nothing but the language. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 2; // a pair is two units and four bytes
      i++;
    } else bytes += 2;
  }
  return bytes;
}
