import { RinError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import { checkEnding } from './ending.js';
import { checkImage, type Image } from './image.js';
import { pagesOf } from './pages.js';
import { checkQuality, checkWebp } from './webp.js';

/** Options of `writeAnimation`. */
export interface AnimationOptions {
  /** time of each frame in milliseconds, or a list with one time for each frame; default 50 */
  delay?: number | readonly number[];
  /** 1 to 100; 100 = lossless; default 90 */
  quality?: number;
}

/**
 * Writes pictures of one shape as an animated WebP that loops forever, and makes its missing folders. The new file is
 * complete or absent; an existing file is replaced only by the complete new one.
 * @param path   ends in `.webp`, or has no ending
 * @param frames each [1 or 3, H, W], H and W at most 16,383
 * @throws RinError as `encodeAnimation`, or if the path has another ending, or the file cannot be written
 */
export async function writeAnimation(
  path: string,
  frames: readonly Image[],
  options: AnimationOptions = {},
): Promise<void> {
  checkEnding(path, '.webp');
  await writeOutput(path, await encodeAnimation(frames, options));
}

/**
 * The bytes of an animated WebP that loops forever, in a Buffer.
 * @param frames each [1 or 3, H, W], H and W at most 16,383
 * @throws RinError if there are no frames, their shapes differ or are too large, or the quality is out of range
 */
export async function encodeAnimation(
  frames: readonly Image[],
  { delay = 50, quality = 90 }: AnimationOptions = {},
): Promise<Uint8Array> {
  if (frames.length === 0) throw new RinError('an animation has no frames; expected at least one');
  checkWebp(frames[0]);
  const other = frames.find((frame) => checkImage(frame).shape.join() !== frames[0].shape.join());
  if (other)
    throw new RinError(
      `an animation with frames of [${frames[0].shape.join(', ')}] and [${other.shape.join(', ')}]; expected one shape`,
    );
  const delays = typeof delay === 'number' ? frames.map(() => delay) : [...delay];
  return pagesOf(frames)
    .webp({ delay: delays, loop: 0, ...checkQuality(quality) })
    .toBuffer();
}
