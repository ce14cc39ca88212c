import { RinError } from '@rin/core';
import type { Image } from './image.js';
import { pagesOf } from './pages.js';

/** Largest width and height of a GIF, in pixels. */
const longestSide = 65_535;

/**
 * The bytes of a GIF that loops forever, in a Buffer. Each frame has up to 256 colours of its own. Colours are not dithered,
 * because the dots would flicker.
 * @param frames at least one, each [1 or 3, H, W] of one shape
 * @param delay  time of each frame in milliseconds, multiples of 10
 * @throws RinError if the frames are too large
 */
export async function encodeGif(frames: readonly Image[], delay: readonly number[]): Promise<Uint8Array> {
  const [, height, width] = frames[0].shape;
  if (Math.max(height, width) > longestSide)
    throw new RinError(`a clip of ${width}×${height} pixels: expected at most ${longestSide}×${longestSide} in a GIF`);
  return pagesOf(frames)
    .gif({ delay: [...delay], loop: 0, dither: 0, interPaletteMaxError: 0, keepDuplicateFrames: true })
    .toBuffer();
}
