import { type Clip, framesOf } from './clip.js';
import { grid } from './grid.js';
import type { Image } from './image.js';

/**
 * The frames of a clip side by side in one picture, without gaps.
 * @param clip  [1 or 3, F, H, W]
 * @param scale each pixel becomes a square of this side; default 1
 * @returns [C, H, F·W]; frame f begins at column f·W
 * @throws RinError if it is no clip
 */
export function strip(clip: Clip, scale = 1): Image {
  const frames = framesOf(clip);
  const { data, shape } = grid(frames, { columns: frames.length, margin: 0, scale });
  return { data, shape };
}
