import { selfConditionings } from '@rin/core';
import { z } from 'zod';
import type * as types from './types.js';

const positions = ['learned', 'sinCos', 'sinCosPlusLearned'] as const;
const tokenPlaces = ['latents', 'interface', 'interfaceWritable'] as const;
const rate = z.number().min(0).lt(1);

/** The `model` section: the network of the paper, section 2, with the authors' options. */
export const ModelConfig = z.strictObject({
  size: z
    .union([z.int().min(1), z.array(z.int().min(1)).min(1).max(3)])
    .describe('size of a sample: N for a square picture, or [length], [height, width], [frames, height, width]')
    .meta({ alias: 'size' }),
  patch: z
    .union([z.int().min(1), z.array(z.int().min(1)).min(1).max(3)])
    .describe(
      'side of a patch; each patch becomes one interface token. On clips, a number is the spatial side, with 1 frame in time',
    ),
  channels: z.int().min(1).default(3).describe('channels of a pixel'),
  givenFrames: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'first frames of a clip that are given, without noise; the others are predicted. model.size counts both. 0 = none',
    ),
  classes: z.int().min(0).default(0).describe('number of classes; 0 = unconditional'),
  conditionDim: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'channels of a condition sequence, such as text; projected to the channels of the tokens that it joins; 0 = none',
    ),
  conditionTokens: z.int().min(0).default(0).describe('length of the condition sequence'),
  latents: z.int().min(1).default(128).describe('latent tokens m; the time and condition tokens count among them'),
  latentDim: z.int().min(1).default(512).describe("channels of a latent token d'"),
  latentHeads: z.int().min(1).default(16).describe('attention heads of the compute layers'),
  latentMlpRatio: z.number().positive().default(4).describe('hidden width of the latent MLPs, divided by latentDim'),
  interfaceDim: z.int().min(1).default(256).describe('channels of an interface token d'),
  interfaceMlpRatio: z
    .number()
    .min(0)
    .default(4)
    .describe('hidden width of the MLP after the write, divided by interfaceDim; 0 = no MLP'),
  readWriteHeads: z.int().min(1).default(8).describe('attention heads of read and write'),
  depth: z
    .array(z.int().min(0))
    .min(1)
    .default([2, 2, 2])
    .describe('compute layers K, one number for each block')
    .meta({ expected: 'a list of whole numbers such as [2, 2, 2]' }),
  timeScaling: z.number().positive().default(1000).describe('factor of gamma in the code of the time token'),
  interfacePosition: z.enum(positions).default('learned').describe('position code of the interface'),
  latentPosition: z.enum(positions).default('learned').describe('initial values of the learned latents'),
  timeOn: z
    .enum(tokenPlaces)
    .default('latents')
    .describe('place of the time token; interface = next to the interface, read-only'),
  conditionOn: z.enum(tokenPlaces).default('latents').describe('place of the condition tokens'),
  decoupledRead: z.boolean().default(false).describe('read the read-only tokens first, by a separate attention'),
  normalizeKeyValue: z.boolean().default(false).describe('LayerNorm also on keys and values of read and write'),
  convolutionKernel: z
    .int()
    .min(0)
    .default(0)
    .describe('side of a depthwise convolution on the interface after each write; 0 = none'),
  selfConditioning: z
    .enum(selfConditionings)
    .default('latents')
    .describe('what a step takes from the one before: latents, interface, both, or data (its x0, joined to the input)'),
  zeroReadout: z.boolean().default(false).describe('start the readout at zero instead of Glorot uniform'),
  dropout: rate.default(0).describe('dropout inside the MLPs of the compute layers'),
  dropPath: rate.default(0).describe('stochastic depth of the compute layers, per sample'),
  attentionDropout: rate.default(0).describe('dropout on the attention weights of the compute layers'),
});
export type ModelConfig = types.ModelConfig;
