// Pictures of a data set, and what damages them: noise, blur, missing classes, repetition.
import { permute } from '@rin/core';
import { noGrad, philoxNormal, scope, stack, tensor, unsafe, zeros } from '@rin/torch';

/** @typedef {import('../packages/rin/dist/src/index.js').Dataset} Dataset */

/** Pictures of a data set in an order that depends on the seed. None is taken twice. */
export class Pictures {
  /** @param {Dataset} data @param {number} seed */
  constructor(data, seed) {
    this.data = data;
    this.seed = seed;
    this.next = 0;
  }

  /** The next pictures. @param {number} count */
  take(count) {
    if (this.next + count > this.data.length)
      throw new Error(`${this.data.name} has only ${this.data.length} pictures`);
    return Array.from({ length: count }, () => this.#read(this.#index(this.next++)));
  }

  /** Pictures of each class, which were not taken before. */
  classes() {
    /** @type {Uint8Array[][]} */
    const classes = this.data.classes.map(() => []);
    for (let i = this.next; i < this.data.length; i++) {
      const index = this.#index(i);
      const label = this.data.label(index);
      if (label >= 0 && classes[label].length < mostOfClass) classes[label].push(this.#read(index));
    }
    return classes;
  }

  /** @param {number} position */
  #index(position) {
    return permute(position, this.data.length, this.seed, 0);
  }

  /** @param {number} index */
  #read(index) {
    const pixels = new Uint8Array(this.data.shape.reduce((product, extent) => product * extent, 1));
    this.data.read(index, pixels);
    return pixels;
  }
}

/** Enough for a set of pictures of one class. */
const mostOfClass = 2000;

/** Adds normal noise, rounds, and clips to 0 to 255. @param {Uint8Array[]} pictures @param {number} deviation @param {number} seed */
export const noisy = (pictures, deviation, seed) =>
  changed(pictures, [pictures[0].length], (batch, first) => {
    const samples = Array.from({ length: batch.shape[0] }, (_, i) => first + i);
    return batch.add(philoxNormal(zeros(batch.shape), { seed, samples }).mul(deviation));
  });

/**
 * Scales down to a side in pixels and up again, both bilinear and antialiased.
 *
 * @param {Uint8Array[]} pictures @param {readonly number[]} shape @param {number} side
 */
export const blurred = (pictures, shape, side) => {
  const sides = shape.slice(-2);
  const planes = shape.slice(0, -2).reduce((product, extent) => product * extent, 1); // channels, times frames
  return changed(pictures, [planes, ...sides], (batch) => scaled(scaled(batch, [side, side]), sides));
};

/** @param {import('@rin/torch').Tensor} batch @param {readonly number[]} sides */
const scaled = (batch, sides) =>
  /** @type {import('@rin/torch').Tensor} */ (unsafe.call('aten::_upsample_bilinear2d_aa', [batch, sides, false]));

/** Clips whose frames are in an order by the seed. @param {Uint8Array[]} clips @param {readonly number[]} shape @param {number} seed */
export const reordered = (clips, shape, seed) =>
  clips.map((clip, index) => framesOf(clip, shape, (frame) => permute(frame, shape[1], seed, index)));

/** Clips that show their first frame all the time. @param {Uint8Array[]} clips @param {readonly number[]} shape */
export const frozen = (clips, shape) => clips.map((clip) => framesOf(clip, shape, () => 0));

/** @param {Uint8Array} clip @param {readonly number[]} shape @param {(frame: number) => number} from */
function framesOf(clip, [channels, frames, height, width], from) {
  const plane = height * width;
  const result = new Uint8Array(clip.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const start = (channel * frames + from(frame)) * plane;
      result.set(clip.subarray(start, start + plane), (channel * frames + frame) * plane);
    }
  }
  return result;
}

/** As many from each set, taken in turns; a short set is repeated. @param {Uint8Array[][]} sets @param {number} count */
export const mixed = (sets, count) =>
  Array.from({ length: count }, (_, i) => {
    const set = sets[i % sets.length];
    return set[Math.floor(i / sets.length) % set.length];
  });

/**
 * @param {Uint8Array[]} pictures @param {readonly number[]} shape
 * @param {(batch: import('@rin/torch').Tensor, first: number) => import('@rin/torch').Tensor} change  of float32 [B, ...shape]
 */
function changed(pictures, shape, change) {
  const together = 500;
  /** @type {Uint8Array[]} */
  const results = [];
  for (let first = 0; first < pictures.length; first += together) {
    const part = pictures.slice(first, first + together);
    const bytes = scope(() =>
      noGrad(() => {
        const batch = stack(part.map((picture) => tensor(picture, shape))).float();
        return change(batch, first).round().clamp(0, 255).to('uint8').toTypedArray();
      }),
    );
    const { length } = pictures[0];
    for (let i = 0; i < part.length; i++) results.push(Uint8Array.from(bytes.subarray(i * length, (i + 1) * length)));
  }
  return results;
}
