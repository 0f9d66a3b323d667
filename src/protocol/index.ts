export { encodeClientFrame, findGatewayFrame } from './client-codec.ts';
export { CLOSE_CODES, type CloseCode } from './close-code.ts';
export { awaitWithin } from './deadline.ts';
export {
  type DialectFrame,
  encodeDialectControl,
  encodeDialectEntry,
  encodeOpeningControl,
  findDialectFrame,
  OLD_EVERYONE,
} from './dialect-codec.ts';
export { DIALECTS, type Dialect, type DialectName, getDialect } from './dialects.ts';
export {
  type ClientFrame,
  type ControlFrame,
  type FrameErrorCode,
  type GapReason,
  type GatewayFrame,
  HEARTBEAT,
  RESERVED_IDS,
  type ReservedId,
  type StartPositions,
  type UnsubscribeReason,
} from './frame.ts';
export { type ClientText, encodeControlFrame, encodeEntryFrame, readClientText } from './gateway-codec.ts';
export { type EncodedJson, encodeJson, findJson, isJsonObject } from './json.ts';
export {
  DEFAULT_HEARTBEAT_MS,
  MAX_CLIENT_FRAME_BYTES,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  MAX_LOGS,
  MAX_TOKEN_BYTES,
  MAX_TOKEN_LOG_BYTES,
  utf8Length,
} from './limits.ts';
export {
  CONTROL,
  canaryLog,
  EVERYONE,
  findLogName,
  joinLogName,
  joinSegments,
  kindOf,
  type LogKind,
  type LogName,
  MAX_LOG_NAME_BYTES,
  segmentsOf,
  userLog,
} from './log-name.ts';
export type { Clock, Random, Stop } from './ports.ts';
export {
  findPositionParts,
  formatPosition,
  isAtOrBefore,
  MAX_POSITION_BYTES,
  type Position,
  type PositionParts,
  type StartPosition,
  tagOf,
} from './position.ts';
export { cutRawMembers } from './raw-member.ts';
export { createReport } from './report.ts';
export { DEVELOPMENT_SECRET, type Revocation, resolveSecrets, TOKEN_AUDIENCE, type TokenClaims } from './token.ts';
