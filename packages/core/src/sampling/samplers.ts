import { ddim } from './ddim.js';
import { ddpm } from './ddpm.js';
import { dpm2m } from './dpm2m.js';
import { dpm2mSde } from './dpm2mSde.js';
import { heun } from './heun.js';
import type { Sampler } from './sampler.js';

/** The samplers by their names in a configuration (`sampling.sampler`). */
export const samplers = { ddim, ddpm, heun, dpm2m, dpm2mSde } as const satisfies Record<string, Sampler>;

/** The name of a sampler. */
export type SamplerName = keyof typeof samplers;

/** All names of samplers. */
export const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];
