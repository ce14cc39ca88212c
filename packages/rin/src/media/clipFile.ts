import { extname } from 'node:path';
import { RinError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import { encodeAnimation } from './animation.js';
import { type Clip, framesOf } from './clip.js';
import { checkFrameRate, frameTimes, mostFrameRateOfGif, usualFrameRate } from './frameRate.js';
import { encodeGif } from './gif.js';
import type { Image } from './image.js';
import { encodeMp4 } from './mp4.js';
import { encodePng } from './png.js';
import { strip } from './strip.js';
import { everyFrame } from './webpFrames.js';

/** Formats of a clip, by the ending of the file. */
export type ClipFormat = 'webp' | 'gif' | 'mp4' | 'png';
const clipFormats: readonly ClipFormat[] = ['webp', 'gif', 'mp4', 'png'];

/** Options of `writeClip`. */
export interface ClipOptions {
  /** frames per second, 0.1 to 60, or to 50 for GIF; default 10. A PNG has none. */
  frameRate?: number;
}

/** Options of `encodeClip`. */
export interface EncodeClipOptions extends ClipOptions {
  /** default `webp` */
  format?: ClipFormat;
}

/**
 * Writes a clip, in the format of the path's ending, and makes its missing folders. The new file is complete or absent; an
 * existing file is replaced only by the complete new one.
 * @param path ends in `.webp`, `.gif`, `.mp4` or `.png`; a path without an ending gets a WebP
 * @param clip [1 or 3, F, H, W]
 * @throws RinError as `encodeClip`, or if the path has another ending, or the file cannot be written
 */
export async function writeClip(path: string, clip: Clip, options: ClipOptions = {}): Promise<void> {
  await writeOutput(path, await encodeClip(clip, { ...options, format: clipFormatOf(path) }));
}

/**
 * The bytes of a clip in a file, in a Buffer:
 *
 * - `webp`: an animation, lossless.
 * - `gif`: an animation with up to 256 colours in a frame.
 * - `mp4`: H.264 (yuv420p), by ffmpeg. Each pixel of a clip of up to 512 pixels becomes 2×2 pixels. The last row or column of a
 *   larger clip with an odd size is repeated.
 * - `png`: a strip, with the frames side by side. Frame f begins at column f·W.
 *
 * Animations play forever. Their times are whole milliseconds, in a GIF whole hundredths of a second, without a drift.
 * @param clip [1 or 3, F, H, W]
 * @throws RinError if it is no clip or too large for the format, if the frame rate is out of range, or if an mp4 needs
 *     ffmpeg and it is not installed or fails
 */
export async function encodeClip(
  clip: Clip,
  { frameRate = usualFrameRate, format = 'webp' }: EncodeClipOptions = {},
): Promise<Uint8Array> {
  return encodeFrames(framesOf(clip), format, frameRate);
}

/** `encodeClip` for the frames of a clip. @param frames at least one, each [1 or 3, H, W] of one shape */
export async function encodeFrames(
  frames: readonly Image[],
  format: ClipFormat,
  frameRate: number,
): Promise<Uint8Array> {
  switch (format) {
    case 'webp': {
      const delay = frameTimes(frames.length, checkFrameRate(frameRate));
      const [, height, width] = frames[0].shape;
      return everyFrame(await encodeAnimation(frames, { delay, quality: 100 }), [height, width], delay);
    }
    case 'gif': {
      checkFrameRate(frameRate, mostFrameRateOfGif, 'a GIF');
      return encodeGif(frames, frameTimes(frames.length, frameRate, 10));
    }
    case 'mp4':
      return encodeMp4(frames, frameRate);
    case 'png':
      return encodePng(strip(frames));
  }
}

/** The format of a path's ending; WebP without an ending. @throws RinError if it is another ending */
function clipFormatOf(path: string): ClipFormat {
  const ending = extname(path).slice(1).toLowerCase();
  const format = ending === '' ? 'webp' : clipFormats.find((each) => each === ending);
  if (format !== undefined) return format;
  throw new RinError(`${path}: a clip is written as WebP, GIF, mp4 or a strip in PNG; use a name such as clip.webp`);
}
