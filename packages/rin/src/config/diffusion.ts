import { samplerNames } from '@rin/core';
import { z } from 'zod';
import type * as types from './types.js';

const starts = 'start of the curve, at t = 0 with gamma 1';
const ends = 'end of the curve, at t = 1 with gamma 0';
const tau = z.number().positive();
const temperature = 'temperature: sigmoid of u/tau, cosine to the power 2 tau';

/** Signal level gamma(t); formulas in `packages/core/src/schedules.ts`, with u = start + t·(end − start). */
export const ScheduleConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sigmoid'),
    start: z.number().default(-3).describe(starts),
    end: z.number().default(3).describe(ends),
    tau: tau.default(0.9).describe(temperature),
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    start: z.number().min(0).max(1).default(0).describe(starts),
    end: z.number().min(0).max(1).default(1).describe(ends),
    tau: tau.default(1).describe(temperature),
  }),
  z.strictObject({ kind: z.literal('cosine-nichol') }),
  z.strictObject({ kind: z.literal('linear') }),
  z.strictObject({
    kind: z.literal('log'),
    start: z.number().positive().default(1e-4).describe(starts),
    end: z.number().positive().default(1).describe(ends),
    reverse: z.boolean().default(false).describe('swap start and end'),
  }),
]);
export type ScheduleConfig = types.ScheduleConfig;

/** The `diffusion` section: the process, the objective, and self-conditioning in training (paper, section 3). */
export const DiffusionConfig = z.strictObject({
  prediction: z.enum(['eps', 'x', 'v']).default('eps').describe('what the network predicts'),
  loss: z.enum(['eps', 'x', 'v']).default('eps').describe('quantity that the mean squared error compares'),
  schedule: ScheduleConfig.prefault({ kind: 'sigmoid' }).describe('training schedule gamma(t)'),
  timeSampling: z
    .enum(['uniform', 'stratified'])
    .default('uniform')
    .describe(
      'uniform = each t independently; stratified = one t from each of B equal parts of (0, 1), for a batch of B',
    ),
  inputScale: z.number().positive().max(4).default(1).describe('b: pixels are scaled to [-b, b]'),
  normalizeInput: z
    .enum(['none', 'sample', 'expected'])
    .default('none')
    .describe(
      'divide the noised input by its standard deviation; sample = of each sample, expected = expected at gamma',
    ),
  dataMeanSquare: z
    .number()
    .positive()
    .optional()
    .describe('mean square of the data in [-1, 1], for normalizeInput expected; measured on the data if not set'),
  clipInTraining: z.boolean().default(false).describe('clip the estimate of x in training too, as the authors do'),
  selfConditioningRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe('share of samples that train with self-conditioning'),
  selfConditioningBy: z
    .enum(['mask', 'part'])
    .default('mask')
    .describe('mask = each sample with this probability; part = the first rate*B samples of the batch'),
  labelDropout: z.number().min(0).max(1).default(0).describe('share of samples that train without their label'),
});
export type DiffusionConfig = types.DiffusionConfig;

/** Numbers of latents over the steps; `latentsAt` reads them. */
const latentNumbers = z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]);

/** The `sampling` section: defaults of `rin sample`, and the settings of the previews (paper, section 3). */
export const SamplingConfig = z.strictObject({
  steps: z.int().min(1).default(100).describe('denoising steps'),
  sampler: z
    .enum(samplerNames)
    .default('ddpm')
    .describe('ddpm and dpm2mSde add noise in each step, the others do not; heun evaluates twice'),
  schedule: ScheduleConfig.prefault({ kind: 'cosine' }).describe(
    'sampling schedule gamma(t), independent of the training schedule',
  ),
  guidance: z.number().min(0).default(0).describe('classifier-free guidance weight w; 0 = none'),
  guidanceFrom: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'lowest signal level gamma with guidance, 0 = noise to 1 = data; steps outside take one pass instead of two',
    ),
  guidanceTo: z.number().min(0).max(1).default(1).describe('highest signal level gamma with guidance'),
  latents: latentNumbers
    .optional()
    .describe(
      'latents that compute, with the time and condition tokens on them: N, or a list over the steps, such as 12,24,48; all if not set',
    ),
  guidanceLatents: latentNumbers
    .optional()
    .describe('latents of the unlabelled pass of guidance, at most those of the labelled pass; as many if not set'),
  variance: z.enum(['large', 'small']).default('large').describe('variance of a ddpm step'),
  eta: z.number().min(0).max(1).default(0).describe('noise of ddim: 0 = none, 1 = as ddpm with variance small'),
  timeDelta: z.number().min(0).default(0).describe('asymmetric time interval td, in steps'),
  momentum: z.number().min(0).lt(1).default(0).describe('momentum of what self-conditioning carries from step to step'),
  clip: z.boolean().default(true).describe('clip the estimate of x to [-b, b] at every step'),
});
export type SamplingConfig = types.SamplingConfig;
