import { cutClip, joinClips, lengthOf, RinError } from '@rin/core';
import type { Image } from './image.js';

/** A clip: uint8, planar [C, F, H, W] with 1 (grey) or 3 (sRGB) channels. */
export interface Clip {
  /** C × F × H × W values: the first channel frame by frame, then the next channels */
  readonly data: Uint8Array;
  /** [C, F, H, W] */
  readonly shape: readonly number[];
}

/** Returns the clip if it is valid. @throws RinError if it is not [1 or 3, F, H, W], or has another number of values */
export function checkClip(clip: Clip): Clip {
  const { data, shape } = clip;
  const [channels, frames] = shape;
  const values = lengthOf(shape);
  if (shape.length === 4 && (channels === 1 || channels === 3) && frames > 0 && data.length === values) return clip;
  throw new RinError(
    `a clip of [${shape.join(', ')}] with ${data.length} values: expected [1 or 3, frames, height, width]`,
  );
}

/** The frames of a clip in their order, each [C, H, W]. @throws RinError if it is no clip */
export function framesOf(clip: Clip): Image[] {
  const { data, shape } = checkClip(clip);
  const [channels, frames, height, width] = shape;
  const plane = height * width;
  return Array.from({ length: frames }, (_, frame) => {
    const picture = new Uint8Array(channels * plane);
    for (let channel = 0; channel < channels; channel++) {
      const start = (channel * frames + frame) * plane;
      picture.set(data.subarray(start, start + plane), channel * plane);
    }
    return { data: picture, shape: [channels, height, width] };
  });
}

/** The clip of some frames. @param frames at least one, each [C, H, W] of one shape @throws RinError if they are not */
export function clipOf(frames: readonly Image[]): Clip {
  if (frames.length === 0) throw new RinError('a clip has no frames; expected at least one');
  const [channels, height, width] = frames[0].shape;
  const other = frames.find(({ shape }) => shape.join() !== frames[0].shape.join());
  if (other) {
    throw new RinError(
      `a clip with frames of [${frames[0].shape.join(', ')}] and [${other.shape.join(', ')}]; expected one shape`,
    );
  }
  const plane = height * width;
  const data = new Uint8Array(channels * frames.length * plane);
  for (const [index, frame] of frames.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const part = frame.data.subarray(channel * plane, (channel + 1) * plane);
      data.set(part, (channel * frames.length + index) * plane);
    }
  }
  return checkClip({ data, shape: [channels, frames.length, height, width] });
}

export { cutClip, joinClips };

/** The clip [C, F, H, W] with another number of frames: without its last ones, or with white ones at its end. */
export function withFrames(clip: Clip, count: number): Clip {
  const [channels, frames, height, width] = clip.shape;
  if (frames >= count) return cutClip(clip, 0, count);
  const shape = [channels, count - frames, height, width];
  const white = new Uint8Array(lengthOf(shape)).fill(255);
  return joinClips(clip, { data: white, shape });
}
