import { z } from 'zod';
import { DataConfig } from './data.js';
import { DiffusionConfig, SamplingConfig } from './diffusion.js';
import { ModelConfig } from './model.js';
import { TrainingConfig } from './training.js';
import type * as types from './types.js';

/** A whole configuration. Types, ranges, defaults, YAML checks, command-line flags and help all come from here. */
export const Config = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/)
    .default('rin')
    .describe('name of the run, part of the name of its folder')
    .meta({ placeholder: 'NAME', expected: 'letters, digits, dots, dashes and underscores' }),
  seed: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('seed of all random draws')
    .meta({ expected: 'a whole number up to 2^53 - 1' }),
  source: z
    .string()
    .optional()
    .describe(
      'the data: a folder, a tar, files of MNIST or CIFAR, or a built-in set: "emoji", "bouncing" (clips) or "tones" (sounds)',
    )
    .meta({ alias: 'data', placeholder: 'FOLDER|FILE|SET' }),
  model: ModelConfig.describe('the network'),
  diffusion: DiffusionConfig.prefault({}).describe('the process, the objective, and self-conditioning in training'),
  data: DataConfig.prefault({}).describe('how pictures, clips and sounds become samples'),
  training: TrainingConfig.prefault({}).describe('length, optimiser, average, and the files of a run'),
  sampling: SamplingConfig.prefault({}).describe('the settings of the previews, and defaults of sampling'),
});
export type Config = types.Config;
