import { evaluationsOf, type GuidanceOptions, guidanceAt, plan, samplers } from '@rin/core';
import type { SamplingConfig } from '../config/diffusion.js';

/** The evaluations of the network for one picture, in their order. `isGuided` = with an unlabelled pass too. */
export const plannedEvaluations = (sampling: SamplingConfig, isConditional: boolean) =>
  evaluationsOf(samplers[sampling.sampler](plan(sampling), sampling)).map(({ step, gamma }) => ({
    step,
    isGuided: isConditional && guidanceAt(sampling, gamma) > 0,
  }));

/** Passes of the network for one picture: the sampler's evaluations, those with guidance twice. */
export const samplingPasses = (sampling: SamplingConfig, isConditional: boolean): number =>
  plannedEvaluations(sampling, isConditional).reduce((sum, { isGuided }) => sum + (isGuided ? 2 : 1), 0);

/** Most passes in one evaluation: 2 with guidance, else 1. Both are in memory together. */
export const passesAtOnce = ({ guidance }: Pick<GuidanceOptions, 'guidance'>, isConditional: boolean): number =>
  guidance > 0 && isConditional ? 2 : 1;
