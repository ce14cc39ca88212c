import { RinError } from '@rin/core';
import { checkImage, type Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/** Options of `encodeWebp`. */
export interface WebpOptions {
  /** 1 to 100; 100 = lossless; default 90 */
  quality?: number;
}

/** Largest width and height of a WebP file, in pixels. */
const longestSide = 16_383;

/**
 * The bytes of a WebP file, in a Buffer.
 * @param image [1 or 3, H, W], H and W at most 16,383
 * @throws RinError if the image has another shape or is too large, or the quality is out of range
 */
export async function encodeWebp(image: Image, { quality = 90 }: WebpOptions = {}): Promise<Uint8Array> {
  const [channels, height, width] = checkWebp(image).shape;
  const raw = { channels: channels === 1 ? (1 as const) : (3 as const), height, width };
  return sharp(interleaved(image.data, channels), { raw, limitInputPixels: false })
    .webp(checkQuality(quality))
    .toBuffer();
}

/** Returns a picture that fits into a WebP file. @throws RinError if it does not */
export function checkWebp(image: Image): Image {
  const [, height, width] = checkImage(image).shape;
  if (Math.max(height, width) <= longestSide) return image;
  throw new RinError(
    `a picture of ${width}×${height} pixels: expected at most ${longestSide}×${longestSide} in a WebP`,
  );
}

/** sharp's settings of a quality. @throws RinError if it is not 1 to 100 */
export function checkQuality(quality: number): { quality: number; lossless: boolean } {
  if (Number.isInteger(quality) && quality >= 1 && quality <= 100) return { quality, lossless: quality === 100 };
  throw new RinError(`quality ${quality}: expected a whole number from 1 to 100`);
}
