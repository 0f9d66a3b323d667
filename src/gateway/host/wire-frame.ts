import type { FrameMaker } from '../index.ts';

/** Text frames as bytes on the wire, made once and written as they are to every socket. RFC 6455, 5.2. */
export const wireFrames: FrameMaker<Uint8Array> = {
  encode(text) {
    const size = Buffer.byteLength(text);
    const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
    const frame = Buffer.allocUnsafe(header + size);
    frame[0] = 0x81; // final fragment, text
    if (header === 2) {
      frame[1] = size; // no mask: RFC 6455, 5.1: a server must not mask
    } else if (header === 4) {
      frame[1] = 126;
      frame.writeUInt16BE(size, 2);
    } else {
      frame[1] = 127;
      frame.writeUInt32BE(0, 2);
      frame.writeUInt32BE(size, 6);
    }
    frame.write(text, header);
    return frame;
  },
  join: (frames) => Buffer.concat(frames),
};
