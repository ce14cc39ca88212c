import { evaluationsOf, plan } from '@rin/core';
import type { SamplingConfig } from '../config/diffusion.js';

/** Passes of the network for one picture: the sampler's evaluations, each twice with guidance. */
export function samplingPasses(sampling: SamplingConfig, isConditional: boolean): number {
  return evaluationsOf(sampling.sampler, plan(sampling), sampling) * passesAtOnce(sampling, isConditional);
}

/** Passes in one evaluation: 2 with guidance, else 1. Both are in memory together. */
export const passesAtOnce = ({ guidance }: SamplingConfig, isConditional: boolean): number =>
  guidance > 0 && isConditional ? 2 : 1;
