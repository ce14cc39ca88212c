import { RinError } from '@rin/core';
import { type Clip, clipOf, framesOf } from './clip.js';
import { type GridOptions, grid } from './grid.js';
import type { Image } from './image.js';

/**
 * Arranges clips of one shape in rows, on white. All of them play at once.
 * @param clips each [1 or 3, F, H, W], in reading order
 * @returns [C, F, height, width]
 * @throws RinError if there are no clips, their shapes differ, or one is not [1 or 3, F, H, W]
 */
export const clipGrid = (clips: readonly Clip[], options: GridOptions): Clip =>
  frameByFrame(clips, (frames) => grid(frames, options));

/** A clip whose frames are drawn from the frames of some clips at the same time. @throws as `clipGrid` */
export function frameByFrame(clips: readonly Clip[], draw: (frames: readonly Image[]) => Image): Clip {
  if (clips.length === 0) throw new RinError('there are no clips; expected at least one');
  const other = clips.find(({ shape }) => shape.join() !== clips[0].shape.join());
  if (other)
    throw new RinError(`clips of [${clips[0].shape.join(', ')}] and [${other.shape.join(', ')}]; expected one shape`);
  const frames = clips.map(framesOf);
  return clipOf(frames[0].map((_, time) => draw(frames.map((each) => each[time]))));
}
