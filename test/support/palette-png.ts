import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_COLOURS = 256;
const CHANNELS = 3;

/** Makes a screenshot a third of its size: 256 colours, the most frequent, in place of millions. Takes 8-bit RGB, as Chromium writes it. */
export function toPalettePng(png: Buffer): Buffer {
  const { width, height, pixels } = readPng(png);
  const indices = new Map<number, number>();
  const colours = findFrequentColours(pixels);
  const rows = Buffer.alloc(height * (width + 1));
  for (let i = 0; i < width * height; i++) {
    const colour = coarse(pixels.readUIntBE(i * CHANNELS, CHANNELS));
    let index = indices.get(colour);
    if (index === undefined) {
      index = findNearest(colours, colour);
      indices.set(colour, index);
    }
    rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = index;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // PNG, 11.2.1: eight bits, indexed
  const palette = Buffer.alloc(colours.length * CHANNELS);
  for (const [i, colour] of colours.entries()) palette.writeUIntBE(colour, i * CHANNELS, CHANNELS);
  const parts = [chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', deflateSync(rows, { level: 9 }))];
  return Buffer.concat([SIGNATURE, ...parts, chunk('IEND', Buffer.alloc(0))]);
}

function readPng(png: Buffer): { width: number; height: number; pixels: Buffer } {
  const data: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  if (png[24] !== 8 || png[25] !== 2) throw new RangeError('Cannot read the image: it is not 8-bit RGB');
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(data)), width * CHANNELS, height) };
}

/** PNG, 9.2: each row begins with how it was made of the pixels to its left and above. */
function unfilter(rows: Buffer, stride: number, height: number): Buffer {
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < CHANNELS ? 0 : (pixels[y * stride + x - CHANNELS] ?? 0);
      const above = y === 0 ? 0 : (pixels[(y - 1) * stride + x] ?? 0);
      const corner = y === 0 || x < CHANNELS ? 0 : (pixels[(y - 1) * stride + x - CHANNELS] ?? 0);
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter ?? 0] ?? 0;
      pixels[y * stride + x] = (rows[y * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return pixels;
}

function paeth(left: number, above: number, corner: number): number {
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

function findFrequentColours(pixels: Buffer): number[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < pixels.length; i += CHANNELS) {
    const colour = coarse(pixels.readUIntBE(i, CHANNELS));
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([colour]) => colour)
    .slice(0, MAX_COLOURS);
}

/** Rounds to 7 bits a channel: no eye sees it, and half the colours are enough. */
function coarse(colour: number): number {
  return colour & 0xfefefe;
}

function findNearest(colours: readonly number[], colour: number): number {
  const distances = colours.map((other) =>
    [16, 8, 0].reduce((sum, shift) => sum + (((other >> shift) & 255) - ((colour >> shift) & 255)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
