import { RinError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import { checkImage, type Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/** Options of `writeAnimation`. */
export interface AnimationOptions {
  /** time of each frame in milliseconds, or a list with one time for each frame; default 50 */
  delay?: number | readonly number[];
  /** 1 to 100; 100 = lossless; default 90 */
  quality?: number;
}

/** Largest width and height of a WebP file, in pixels. */
const longestSide = 16_383;

/**
 * Writes pictures of one shape as an animated WebP that loops forever, and makes its missing folders. The new file is
 * complete or absent; an existing file is replaced only by the complete new one.
 * @param frames each [1 or 3, H, W], H and W at most 16,383
 * @throws RinError if there are no frames, their shapes differ or are too large, or the file cannot be written
 */
export async function writeAnimation(
  path: string,
  frames: readonly Image[],
  { delay = 50, quality = 90 }: AnimationOptions = {},
): Promise<void> {
  if (frames.length === 0) throw new RinError(`${path}: no frames; expected at least one`);
  const [channels, height, width] = checkImage(frames[0]).shape;
  const other = frames.find((frame) => checkImage(frame).shape.join() !== frames[0].shape.join());
  if (other)
    throw new RinError(
      `${path}: frames of [${frames[0].shape.join(', ')}] and [${other.shape.join(', ')}]; expected one shape`,
    );
  if (Math.max(height, width) > longestSide) {
    throw new RinError(`${path}: ${width}×${height} pixels; expected at most ${longestSide}×${longestSide} in a WebP`);
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
