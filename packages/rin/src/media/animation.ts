import { RinError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import { checkImage, type Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/** How `writeAnimation` shows its frames. */
export interface AnimationOptions {
  /** milliseconds that a frame is shown; a list has one for each frame. Default 50 */
  delay?: number | readonly number[];
  /** 1 to 100, 100 = without loss. Default 90 */
  quality?: number;
}

/** Pixels of the longest side that WebP has room for. */
const longestSide = 16_383;

/**
 * Writes pictures of one shape as an animated WebP that plays endlessly; folders on the way are made. A file that has the
 * name is replaced by the whole new one, or stays as it is.
 * @param frames each [1 or 3, H, W], H and W at most 16,383
 * @throws {RinError} if there are no frames, their shapes differ or are too large, or the file cannot be written
 */
export async function writeAnimation(
  path: string,
  frames: readonly Image[],
  { delay = 50, quality = 90 }: AnimationOptions = {},
): Promise<void> {
  if (frames.length === 0) throw new RinError(`${path}: no frames`);
  const [channels, height, width] = checkImage(frames[0]).shape;
  const other = frames.find((frame) => checkImage(frame).shape.join() !== frames[0].shape.join());
  if (other) throw new RinError(`${path}: frames of [${frames[0].shape.join(', ')}] and [${other.shape.join(', ')}]`);
  if (Math.max(height, width) > longestSide) {
    throw new RinError(`${path}: ${width}×${height} pixels; WebP has room for ${longestSide}×${longestSide}`);
  }
  const strip = Buffer.concat(frames.map((frame) => interleaved(frame.data, channels)));
  const raw = {
    channels: channels === 1 ? (1 as const) : (3 as const),
    height: height * frames.length,
    width,
    pageHeight: height,
  };
  const delays = typeof delay === 'number' ? frames.map(() => delay) : [...delay];
  const encoded = await sharp(strip, { raw, limitInputPixels: false })
    .webp({ delay: delays, loop: 0, quality, lossless: quality === 100 })
    .toBuffer();
  await writeOutput(path, encoded);
}
