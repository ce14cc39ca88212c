import { z } from 'zod';
import { duration } from './duration.js';
import { imageCount } from './imageCount.js';
import type * as types from './types.js';

const share = z.number().min(0).lt(1);
const beta1 = share.default(0.9).describe('decay of the mean of the gradients (muon: in its AdamW)');
const beta2 = (standard: number) =>
  share.default(standard).describe('decay of the mean of the squared gradients (muon: in its AdamW)');
const epsilon = z.number().positive().default(1e-8).describe('added to the root of the mean square');

/** Optimisers. Their formulas are in `@rin/torch`, `optim/`. */
export const OptimizerConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lamb'), beta1, beta2: beta2(0.999), epsilon }),
  z.strictObject({ kind: z.literal('adamw'), beta1, beta2: beta2(0.999), epsilon }),
  z.strictObject({
    kind: z.literal('muon'),
    momentum: share.default(0.95).describe('Nesterov momentum of the block matrices'),
    newtonSchulzSteps: z
      .int()
      .min(1)
      .max(10)
      .default(4)
      .describe('steps of the iteration that orthogonalises an update'),
    adamRate: z
      .number()
      .positive()
      .default(2e-3)
      .describe('learning rate of AdamW, which trains all but the block matrices'),
    beta1,
    beta2: beta2(0.95),
    epsilon,
  }),
]);
export type OptimizerConfig = types.OptimizerConfig;

/** Shape of the learning rate after the warm-up. */
export const DecayConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({
    kind: z.literal('cosine'),
    rate: z
      .number()
      .positive()
      .max(1)
      .default(1)
      .describe('share of the cosine that the run goes through (the authors: 0.7, 0.8)'),
    flat: share.default(0).describe('share of the run at the full rate, from its start'),
  }),
]);
export type DecayConfig = types.DecayConfig;

/** Averages of the weights. Samples are drawn with the average. */
export const EmaConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('exponential'),
    decay: share.default(0.9999).describe('share of the average that an update keeps'),
    rampUp: z.boolean().default(true).describe('min(decay, (1 + s)/(10 + s)) after s updates'),
  }),
  z.strictObject({
    kind: z.literal('power'),
    exponent: z.number().positive().default(13).describe('the weights after update s count with s to this power'),
  }),
]);
export type EmaConfig = types.EmaConfig;

/** The `training` section. A duration is a number of images seen (`200k`, `1.5M`), or a share of the run (`2%`). */
export const TrainingConfig = z.strictObject({
  images: imageCount(1)
    .default(38_400_000)
    .describe('length of the run: train on this many images')
    .meta({ alias: 'images' }),
  batch: z.int().min(1).default(256).describe('images in one update of the weights').meta({ alias: 'batch' }),
  microBatch: z
    .int()
    .min(1)
    .optional()
    .describe('images in one pass, with accumulated gradients; the batch if not set'),
  latentDrop: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'largest share of the learned latents that a sample trains without: the last ones, a random number for each sample; 0 = none',
    ),
  recompute: z
    .boolean()
    .default(false)
    .describe('keep only the tokens between blocks, and compute each block again in the backward pass: less memory'),
  init: z
    .string()
    .optional()
    .describe(
      'model to start from, for fine-tuning: a model.safetensors, or a run (folder, or number on the command line)',
    )
    .meta({ alias: 'init', placeholder: 'MODEL' }),
  optimizer: OptimizerConfig.prefault({ kind: 'lamb' }).describe('lamb, adamw or muon, with its constants'),
  learningRate: z.number().positive().default(3e-3).describe('peak learning rate').meta({ alias: 'lr' }),
  weightDecay: z.number().min(0).default(0.01).describe('weight decay; none on biases, gains and shifts of norms'),
  warmup: duration(0).default(0).describe('length of the linear warm-up of the learning rate'),
  decay: DecayConfig.prefault({ kind: 'cosine', rate: 0.8 }).describe('learning rate after the warm-up'),
  clipNorm: z.number().min(0).default(0).describe('largest global norm of the gradients; 0 = no clipping'),
  ema: EmaConfig.prefault({ kind: 'exponential' }).describe('average of the weights'),
  precision: z
    .enum(['auto', 'float32', 'bfloat16'])
    .default('auto')
    .describe('auto = bfloat16 if the processor multiplies it natively; master weights are always float32'),
  device: z
    .string()
    .regex(/^(auto|cpu|mps|cuda(:\d+)?)$/)
    .default('auto')
    .describe('device to compute on; auto = the first CUDA device, else the CPU')
    .meta({ alias: 'device', placeholder: 'DEVICE', expected: 'auto, cpu, cuda, cuda:N or mps' }),
  threads: z.int().min(0).max(4096).default(0).describe('threads of libtorch on the CPU; 0 = all cores'),
  logEvery: duration(1).default('2%').describe('images from one line of stats.jsonl to the next'),
  validation: share
    .default(0)
    .describe('share of the data held out to measure the loss on; 0 = none')
    .meta({ alias: 'validation' }),
  sampleEvery: duration(0).default('25%').describe('images from one grid of samples to the next; 0 = no grids'),
  evaluateEvery: duration(0)
    .default(0)
    .describe('images from one evaluation of new samples to the next, in stats.jsonl; 0 = none (see rin evaluate)'),
  evaluateCount: z.int().min(2).default(256).describe('samples in each evaluation'),
  checkpointEvery: duration(1).default('10%').describe('images from one checkpoint to the next'),
  keepCheckpoints: z.int().min(1).default(2).describe('checkpoints to keep; older ones are removed'),
  tensorboard: z
    .boolean()
    .default(false)
    .describe('write an event file for TensorBoard into the folder of the run: losses, speed, pictures'),
});
export type TrainingConfig = types.TrainingConfig;
