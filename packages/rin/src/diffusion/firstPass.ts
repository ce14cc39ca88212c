import { estimateOf } from '@rin/core';
import type { Tensor } from '@rin/torch';
import type { DiffusionConfig } from '../config/diffusion.js';
import type { ForwardOptions, Previous } from '../model/pass.js';
import type { RIN } from '../model/rin.js';
import type { Levels } from './process.js';

/** Noised samples. */
export interface Noised {
  /** [B, C, ...size] x_t as the network sees it */
  readonly input: Tensor;
  /** [B, C, ...size] x_t itself */
  readonly xt: Tensor;
  readonly at: Levels;
}

/**
 * The first pass of self-conditioning in training, from zeros. Its x̂₀ is limited to [−b, b] with b = input scale, even without
 * `clipInTraining` (reference: the authors' training step): it is an input without gradient.
 * @param options  as for `RIN.forward`
 * @returns the parts that the network carries, without gradient
 */
export function firstPass(
  rin: RIN,
  { prediction: kind, inputScale }: DiffusionConfig,
  { input, xt, at }: Noised,
  options: ForwardOptions,
): Previous {
  const { prediction, ...states } = rin.warmUp(input, at.gamma, options);
  return { ...states, ...(prediction && { data: estimateOf(prediction, xt, kind, at, inputScale) }) };
}

/** The samples of these places. @param index  int64 */
export function pick({ input, xt, at }: Noised, places: readonly number[], index: Tensor): Noised {
  const rows = (tensor: Tensor): Tensor => tensor.indexSelect(0, index);
  const { signal, noise, deviation, gamma } = at;
  return {
    ...{ input: rows(input), xt: rows(xt) },
    at: {
      ...{ signal: rows(signal), noise: rows(noise), deviation: rows(deviation) },
      gamma: places.map((place) => gamma[place]),
    },
  };
}
