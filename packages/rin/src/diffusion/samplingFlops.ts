import { conditionTokens, warmParts } from '@rin/core';
import type { Config } from '../config/config.js';
import { passFlops, totalOf } from '../model/flops.js';
import { latentsAt } from './latentSchedule.js';
import { plannedEvaluations } from './samplingPasses.js';

/**
 * Floating-point operations to draw one sample with the `sampling` section: all passes, each with its number of latents, and the
 * unlabelled passes of guidance. Of a longer clip it is one section. Known pixels are resampled on top of it.
 */
export function samplingFlops({
  model,
  diffusion,
  sampling,
}: Pick<Config, 'model' | 'diffusion' | 'sampling'>): number {
  const isCarried = diffusion.selfConditioningRate > 0 && warmParts(model).length > 0;
  const evaluations = plannedEvaluations(sampling, conditionTokens(model) > 0);
  return evaluations.reduce((sum, { step, isGuided }, number) => {
    const { labelled, unlabelled } = latentsAt(sampling, step, model.latents);
    const [first, second] = [labelled, unlabelled].map((latents) => {
      const { pass, cold } = passFlops(model, latents);
      return isCarried && number > 0 ? pass : cold;
    });
    if (!isGuided) return sum + totalOf(first);
    // with equal numbers of latents, what comes before the conditions is computed once
    const shared = labelled === unlabelled ? first.stem + first.time + first.warmStart : 0;
    return sum + totalOf(first) + totalOf(second) - shared;
  }, 0);
}
