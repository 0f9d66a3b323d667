import type { CloseCode } from '../protocol/index.ts';
import type { Frame } from './ring.ts';

/** The host's side of a connection: a WebSocket that takes ready-made frames. None of its calls throws. */
export interface Socket<F extends Frame> {
  /** True when the last write did not fit: write no more until `drained` is called on the connection. */
  readonly isFull: boolean;
  /** Writes whole frames, in order, as one write. */
  write(frames: readonly F[]): void;
  ping(): void;
  /** Sends a close frame, and ends the transport if the peer does not answer soon. */
  close(code: CloseCode, reason: string): void;
  /** Ends the transport at once. */
  terminate(): void;
}

/** How a host makes frames. */
export interface FrameMaker<F extends Frame> {
  /** One text frame. */
  encode(text: string): F;
  /** Several frames, one after another. */
  join(frames: readonly F[]): F;
}
