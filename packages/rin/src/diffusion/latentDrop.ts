import { latentSlots, uniform } from '@rin/core';
import type { ModelConfig } from '../config/model.js';

/**
 * Fewest latents that a sample of training has, time and condition tokens included. Of L learned latents at most ⌊share·L⌋ are left
 * out, and at least one stays.
 * @param share  `training.latentDrop`, 0 to 1
 */
export function fewestTrained(model: ModelConfig, share: number): number {
  const { learned } = latentSlots(model);
  return model.latents - Math.min(Math.floor(share * learned + 1e-9), learned - 1);
}

/**
 * The latents of a sample of training: each number from the fewest to all is equally likely.
 * @param seed    of the run
 * @param sample  position in the training stream
 */
export function keptLatents(all: number, fewest: number, seed: number, sample: number): number {
  return all - Math.floor(uniform(seed, 'latentDrop', sample, 0) * (all - fewest + 1));
}
