import { crc32 } from '@rin/core';
import sharp from '../../../media/sharp.js';
import { checkSize } from './film.js';

/** A part of the canvas that a frame replaces, and how. */
interface Control {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  /** time in milliseconds */
  readonly time: number;
  /** afterwards: 0 = leave, 1 = clear the part, 2 = restore what was there before */
  readonly disposal: number;
  /** 0 = replace the part, 1 = draw over it */
  readonly blending: number;
}

/** An animated PNG, parsed but not decoded. */
export interface Apng {
  readonly width: number;
  readonly height: number;
  readonly isEndless: boolean;
  readonly frames: readonly (Control & { readonly data: readonly Uint8Array[] })[];
  /** 13 bytes */
  readonly header: Buffer;
  /** palette, transparency and colour space, as whole chunks */
  readonly common: readonly Buffer[];
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export const isPng = (bytes: Uint8Array): boolean => signature.equals(bytes.subarray(0, signature.length));

/**
 * Parses an animated PNG. Source: PNG specification, third edition (W3C, 2025), 11.3.6.
 * @param bytes a PNG file
 * @returns undefined if it is not animated
 * @throws Error if it is cut short or damaged
 */
export function parseApng(bytes: Uint8Array): Apng | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: (Control & { data: Buffer[] })[] = [];
  const common: Buffer[] = [];
  let header: Buffer | undefined;
  let declared: number | undefined;
  let plays = 0;
  let hasData = false;
  for (let at = signature.length; ; ) {
    if (at + 12 > file.length) throw new Error('PNG is cut short');
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const end = at + 12 + length;
    if (end > file.length) throw new Error('PNG is cut short');
    const content = file.subarray(at + 8, end - 4);
    if (type === 'IEND') break;
    if (type === 'IHDR' && length === 13) header = content;
    else if (type === 'acTL' && length === 8) {
      declared = content.readUInt32BE(0);
      plays = content.readUInt32BE(4);
    } else if (type === 'fcTL') frames.push({ ...control(content), data: [] });
    else if (type === 'IDAT') {
      if (declared === undefined) return undefined; // acTL comes before the pixels
      hasData = true;
      frames.at(-1)?.data.push(content); // without a frame it is a still picture for other programs
    } else if (type === 'fdAT' && length >= 4) frames.at(-1)?.data.push(content.subarray(4));
    else if (!hasData && kept.has(type)) common.push(file.subarray(at, end));
    at = end;
  }
  if (!header || declared === undefined) return undefined;
  if (frames.length === 0 || frames.length !== declared)
    throw new Error(`PNG has ${frames.length} frames, but announces ${declared}`);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  checkSize(width, height);
  const outside = frames.find((each) => each.left + each.width > width || each.top + each.height > height);
  if (outside) throw new Error('PNG has a frame that is larger than the picture');
  return { width, height, isEndless: plays === 0, frames, header, common };
}

/** Chunks that the pixels of every frame need. */
const kept = new Set(['PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT', 'cICP']);

function control(content: Buffer): Control {
  if (content.length !== 26) throw new Error('PNG is damaged in the description of a frame');
  const [width, height, left, top] = [4, 8, 12, 16].map((offset) => content.readUInt32BE(offset));
  const divisor = content.readUInt16BE(22) || 100;
  const time = (1000 * content.readUInt16BE(20)) / divisor;
  return { width, height, left, top, time, disposal: content[24], blending: content[25] };
}

/** The frames one after the other as they are shown, RGBA, interleaved. Each is the same array, changed. @throws Error if one is damaged */
export async function* apngFrames(apng: Apng): AsyncGenerator<Uint8Array> {
  const { width, height, frames } = apng;
  const canvas = new Uint8Array(4 * width * height);
  for (const [index, frame] of frames.entries()) {
    const part = await decodePart(apng, frame);
    const disposal = index === 0 && frame.disposal === 2 ? 1 : frame.disposal; // nothing was there before
    const before = disposal === 2 ? canvas.slice() : undefined;
    draw(canvas, width, part, frame);
    yield canvas;
    if (before) canvas.set(before);
    else if (disposal === 1) {
      for (let y = 0; y < frame.height; y++) {
        const start = 4 * ((frame.top + y) * width + frame.left);
        canvas.fill(0, start, start + 4 * frame.width);
      }
    }
  }
}

/** The pixels of a frame's part, RGBA: it is decoded as a PNG of its own. */
async function decodePart(
  { header, common }: Apng,
  { width, height, data }: Apng['frames'][number],
): Promise<Uint8Array> {
  const own = Buffer.from(header);
  own.writeUInt32BE(width, 0);
  own.writeUInt32BE(height, 4);
  const pixels = data.map((each) => chunk('IDAT', each));
  const png = Buffer.concat([signature, chunk('IHDR', own), ...common, ...pixels, chunk('IEND', Buffer.alloc(0))]);
  const picture = sharp(png, { failOn: 'error', limitInputPixels: false });
  return picture.toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer();
}

function chunk(type: string, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

/** Draws a part on the canvas. Both are RGBA with straight alpha. */
function draw(
  canvas: Uint8Array,
  canvasWidth: number,
  part: Uint8Array,
  { left, top, width, height, blending }: Control,
) {
  for (let y = 0; y < height; y++) {
    const start = 4 * ((top + y) * canvasWidth + left);
    const row = part.subarray(4 * y * width, 4 * (y + 1) * width);
    if (blending === 0) canvas.set(row, start);
    else for (let i = 0; i < row.length; i += 4) over(canvas, start + i, row, i);
  }
}

/** Puts a pixel over another (PNG specification, 12.1: straight alpha). */
function over(canvas: Uint8Array, at: number, row: Uint8Array, i: number): void {
  const alpha = row[i + 3];
  if (alpha === 0) return;
  const below = (canvas[at + 3] * (255 - alpha)) / 255;
  const total = alpha + below;
  for (let c = 0; c < 3; c++) canvas[at + c] = Math.round((row[i + c] * alpha + canvas[at + c] * below) / total);
  canvas[at + 3] = Math.round(total);
}
