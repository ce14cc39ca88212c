import { warmParts } from '@rin/core';
import type { Config } from '../config/config.js';

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
