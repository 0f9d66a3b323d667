import type { Duplex } from 'node:stream';

/** Puts whole frames on a transport, so that it is seen how far they have come. */
export interface FrameWriter {
  write(frames: readonly Uint8Array[]): void;
}

/** What is larger goes in slices of this size: each that has gone is a sign that the peer still reads. */
const SLICE_BYTES = 16_384;

/**
 * Creates the writer of a transport. Small frames are one write; of large ones `onProgress` is called for each slice that the
 * kernel has taken. What others write to the transport comes before or after whole frames, never between slices.
 */
export function createFrameWriter(transport: Duplex, onProgress: () => void): FrameWriter {
  // A stream that may write several buffers at once says nothing until the last of them is gone, however long that takes.
  Object.assign(transport, { _writev: null });

  function writeSlices(frame: Uint8Array): void {
    for (let from = 0; from < frame.length; from += SLICE_BYTES) {
      transport.write(frame.subarray(from, from + SLICE_BYTES), (error) => {
        if (!error) onProgress();
      });
    }
  }

  return {
    write(frames) {
      let small: Uint8Array[] = [];
      let bytes = 0;
      // That the kernel took little is no sign of life: it takes as much for a peer that is dead.
      const writeSmall = () => {
        if (small.length > 0) transport.write(small.length === 1 ? small[0] : Buffer.concat(small));
        small = [];
        bytes = 0;
      };
      for (const frame of frames) {
        if (bytes + frame.length > SLICE_BYTES) writeSmall();
        if (frame.length > SLICE_BYTES) {
          writeSlices(frame);
          continue;
        }
        small.push(frame);
        bytes += frame.length;
      }
      writeSmall();
    },
  };
}
