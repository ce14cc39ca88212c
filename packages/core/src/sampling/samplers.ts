import { ddim } from './ddim.js';
import { ddpm } from './ddpm.js';
import { dpm2m } from './dpm2m.js';
import { dpm2mSde } from './dpm2mSde.js';
import { heun } from './heun.js';
import type { PlanStep } from './plan.js';
import { evaluated, type Sampler, type SamplerOptions } from './sampler.js';

/** The samplers by their names in a configuration (`sampling.sampler`). */
export const samplers = { ddim, ddpm, heun, dpm2m, dpm2mSde } as const satisfies Record<string, Sampler>;

/** The name of a sampler. */
export type SamplerName = keyof typeof samplers;

/** All names of samplers. */
export const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];

/** Evaluations of the network that a sampler needs for a plan. */
export function evaluationsOf(name: SamplerName, steps: readonly PlanStep[], options: SamplerOptions): number {
  const sampling = samplers[name](steps, options);
  let evaluations = 0;
  for (let wanted = sampling.next(); !wanted.done; wanted = sampling.next(evaluated(evaluations++)));
  return evaluations;
}
