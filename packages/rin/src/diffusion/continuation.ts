import { lengthOf, RinError } from '@rin/core';
import { scope, type Tensor, tensor } from '@rin/torch';
import { type Clip, cutClip } from '../media/clip.js';
import type { Model } from './modelFile.js';
import { toSignal } from './process.js';

/** What a sampling continues, checked. */
export interface Continuation {
  /** the given frames [C, `givenFrames`, H, W], repeated over the seeds; empty = nothing is given */
  readonly starts: readonly Clip[];
  /** sections of a result: each predicts the frames behind the last ones */
  readonly sections: number;
  /** frames of a result, given ones included; undefined = all */
  readonly frames?: number;
}

/**
 * The clips that a sampling continues, and the number of its sections.
 * @param given   clips [C, F, H, W] of the model's size, or one of them; their last `givenFrames` frames are used
 * @param frames  frames of a result; default: those of the model
 * @throws RinError if the model needs clips, takes none, or a clip or the number of frames does not fit
 */
export function continuation(
  { network }: Pick<Model, 'network'>,
  { given, frames }: { given?: Clip | readonly Clip[]; frames?: number },
): Continuation {
  const { shape, givenFrames } = network.sample;
  const clips = given === undefined ? [] : 'data' in given ? [given] : given;
  if (givenFrames === 0) {
    if (given === undefined && frames === undefined) return { starts: [], sections: 1 };
    const what = given === undefined ? `frames ${frames}` : 'given';
    throw new RinError(
      `${what}: this model was trained without given frames (model.givenFrames 0), so it continues no clip; leave it out`,
    );
  }
  if (clips.length === 0)
    throw new RinError(
      `this model continues clips: give it one of at least ${givenFrames} frames as \`given\` (rin sample --given CLIP)`,
    );
  const length = frames ?? shape[1];
  if (!Number.isSafeInteger(length) || length <= givenFrames)
    throw new RinError(
      `frames ${frames}: expected a whole number above ${givenFrames}, the given frames, which count among them`,
    );
  const starts = clips.map((clip, index) => lastFrames(clip, `given clip ${index}`, shape, givenFrames));
  return { starts, sections: Math.ceil((length - givenFrames) / (shape[1] - givenFrames)), frames: length };
}

/** @throws RinError if the clip does not fit */
function lastFrames(clip: Clip, name: string, shape: readonly number[], count: number): Clip {
  const [channels, , height, width] = shape;
  const [, frames] = clip.shape;
  const values = lengthOf(clip.shape);
  const wanted = [channels, frames, height, width];
  if (clip.shape.length !== 4 || clip.shape.join() !== wanted.join() || clip.data.length !== values || frames < count)
    throw new RinError(
      `${name} is [${clip.shape.join(', ')}] with ${clip.data.length} values; ` +
        `expected [${channels}, at least ${count} frames, ${height}, ${width}]`,
    );
  return cutClip(clip, frames - count, count);
}

/** The last frames of clips as given frames of a pass, [B, C, `givenFrames`, H, W] in [−b, b]. The caller must dispose it. */
export function givenTensor(clips: readonly Clip[], { network, config }: Model): Tensor {
  const { shape, givenFrames } = network.sample;
  const [channels, , ...plane] = shape;
  const bytes = Buffer.concat(clips.map((clip) => cutClip(clip, clip.shape[1] - givenFrames, givenFrames).data));
  using pixels = tensor(new Uint8Array(bytes), [clips.length, channels, givenFrames, ...plane], {
    device: network.device,
  });
  return scope(() => toSignal(pixels, config.diffusion.inputScale));
}
