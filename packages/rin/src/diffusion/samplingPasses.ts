import { evaluationsOf, plan, samplers } from '@rin/core';
import type { SamplingConfig } from '../config/diffusion.js';
import { type GuidanceConfig, guidanceAt } from './guidanceInterval.js';

/** Passes of the network for one picture: the sampler's evaluations, those with guidance twice. */
export function samplingPasses(sampling: SamplingConfig, isConditional: boolean): number {
  const evaluations = evaluationsOf(samplers[sampling.sampler](plan(sampling), sampling));
  return evaluations.reduce((sum, { gamma }) => sum + (isConditional && guidanceAt(sampling, gamma) > 0 ? 2 : 1), 0);
}

/** Most passes in one evaluation: 2 with guidance, else 1. Both are in memory together. */
export const passesAtOnce = ({ guidance }: Pick<GuidanceConfig, 'guidance'>, isConditional: boolean): number =>
  guidance > 0 && isConditional ? 2 : 1;
