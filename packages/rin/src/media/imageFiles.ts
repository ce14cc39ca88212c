import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RinError } from '@rin/core';
import { makeFolder } from '../disk/makeFolder.js';
import { whyNot } from '../disk/systemError.js';
import { checkImage, type Image } from './grid.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/**
 * Writes a picture as PNG; folders on the way are made.
 * @throws {RinError} where it cannot be written
 */
export async function writePng(path: string, image: Image): Promise<void> {
  await save(path, await encodePng(image));
}

/** The bytes of a PNG file. */
export function encodePng(image: Image): Promise<Uint8Array> {
  const [channels, height, width] = checkImage(image).shape;
  const raw = { channels: channelCount(channels), height, width };
  return sharp(interleaved(image.data, channels), { raw, limitInputPixels: false })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}

/** How `writeAnimation` shows its frames. */
export interface AnimationOptions {
  /** milliseconds that a frame is shown; a list has one for each frame. Default 50 */
  delay?: number | readonly number[];
  /** 1 to 100, 100 = without loss. Default 90 */
  quality?: number;
}

/**
 * Writes pictures of one shape as an animated WebP that plays endlessly.
 * @throws {RinError} where there are none, their shapes differ, or the file cannot be written
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
  if (Math.max(height, width) > 16_383) {
    throw new RinError(`${path}: ${width}×${height} pixels; WebP has room for 16383×16383`);
  }
  const strip = Buffer.concat(frames.map((frame) => interleaved(frame.data, channels)));
  const raw = { channels: channelCount(channels), height: height * frames.length, width, pageHeight: height };
  const delays = typeof delay === 'number' ? frames.map(() => delay) : [...delay];
  const encoded = await sharp(strip, { raw, limitInputPixels: false })
    .webp({ delay: delays, loop: 0, quality, lossless: quality === 100 })
    .toBuffer();
  await save(path, encoded);
}

const channelCount = (channels: number): 1 | 3 => (channels === 1 ? 1 : 3);

async function save(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    writeFileSync(path, bytes); // the asynchronous one of Node 20.9 takes a short write for a whole one
  } catch (error) {
    const reason = whyNot(error);
    throw reason ? new RinError(`cannot write ${path}: ${reason}`) : error;
  }
}
