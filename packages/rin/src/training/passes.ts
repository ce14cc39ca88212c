import { warmParts } from '@rin/core';
import type { Config } from '../config/config.js';
import { passFlops, totalOf } from '../model/flops.js';

/*
 * The cost of training, validation and previews in one unit: a forward pass of the network over one picture. A backward pass
 * counts as two forward passes.
 */

/** The first passes of self-conditioning, per sample. */
const firstPasses = ({ model, diffusion }: Config): number =>
  warmParts(model).length > 0 ? diffusion.selfConditioningRate : 0;

/** Passes for one image of training. Blocks that are computed again take nearly a whole pass. */
export const passesOfImage = (config: Config): number => 3 + firstPasses(config) + (config.training.recompute ? 1 : 0);

/** Passes for one held-out sample. */
export const passesOfHeldOut = (config: Config): number => 1 + firstPasses(config);

/** Floating-point operations for one image of training, by what they are for. */
export interface TrainingFlops {
  /** the first pass of self-conditioning, times its rate */
  readonly first: number;
  readonly forward: number;
  /** as two forward passes */
  readonly backward: number;
  /** the blocks again, with `training.recompute` */
  readonly recompute: number;
}

/** Counts the operations for one image of training. */
export function trainingFlops(config: Config): TrainingFlops {
  const { pass, first } = passFlops(config.model);
  const forward = totalOf(pass);
  const { read, compute, write, convolution } = pass;
  return {
    first: firstPasses(config) * totalOf(first),
    forward,
    backward: 2 * forward,
    recompute: config.training.recompute ? read + compute + write + convolution : 0,
  };
}
