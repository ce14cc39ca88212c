import type { Sharp } from 'sharp';
import type { Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/** The frames of an animation as the pages that sharp encodes. @param frames at least one, each [1 or 3, H, W] of one shape */
export function pagesOf(frames: readonly Image[]): Sharp {
  const [channels, height, width] = frames[0].shape;
  const raw = {
    channels: channels === 1 ? (1 as const) : (3 as const),
    height: height * frames.length,
    width,
    pageHeight: height,
  };
  return sharp(Buffer.concat(frames.map((frame) => interleaved(frame.data, channels))), {
    raw,
    limitInputPixels: false,
  });
}
