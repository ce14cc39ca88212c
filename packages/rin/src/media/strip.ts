import { type Clip, framesOf } from './clip.js';
import { grid } from './grid.js';
import type { Image } from './image.js';

/**
 * Some frames side by side in one picture, without gaps.
 * @param frames a clip [1 or 3, F, H, W], or pictures of one shape
 * @param scale  each pixel becomes a square of this side; default 1
 * @returns [C, H, F·W]; frame f begins at column f·W
 * @throws RinError if it is no clip, or if there are no frames or of several shapes
 */
export function strip(frames: Clip | readonly Image[], scale = 1): Image {
  const pictures = 'shape' in frames ? framesOf(frames) : frames;
  const { data, shape } = grid(pictures, { columns: pictures.length, margin: 0, scale });
  return { data, shape };
}
