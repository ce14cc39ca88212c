import { evaluated, plan, samplers } from '@rin/core';
import type { SamplingConfig } from '../config/diffusion.js';

/** Passes of the network for one picture: the sampler's evaluations, each twice with guidance. */
export function samplingPasses(sampling: SamplingConfig, isConditional: boolean): number {
  const sampler = samplers[sampling.sampler](plan(sampling), sampling);
  let evaluations = 0;
  for (let wanted = sampler.next(); !wanted.done; wanted = sampler.next(evaluated(evaluations++)));
  return evaluations * passesAtOnce(sampling, isConditional);
}

/** Passes in one evaluation: 2 with guidance, else 1. Both are in memory together. */
export const passesAtOnce = ({ guidance }: SamplingConfig, isConditional: boolean): number =>
  guidance > 0 && isConditional ? 2 : 1;
