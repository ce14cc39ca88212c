import { z } from 'zod';

const positions = ['learned', 'sinCos', 'sinCosPlusLearned'] as const;
const tokenPlaces = ['latents', 'interface', 'interfaceWritable'] as const;
const rate = z.number().min(0).lt(1);

/** The `model` section: the network of the paper, section 2, with the authors' options. */
export const ModelConfig = z.strictObject({
  size: z
    .union([z.int().min(1), z.array(z.int().min(1)).min(1).max(3)])
    .describe('what is generated: N for a square picture, or [length], [height, width], [frames, height, width]')
    .meta({ alias: 'size' }),
  patch: z
    .union([z.int().min(1), z.array(z.int().min(1)).min(1).max(3)])
    .describe('side of a patch; each patch becomes one interface token. A number on clips is spatial, with 1 in time'),
  channels: z.int().min(1).default(3).describe('channels of a pixel'),
  classes: z.int().min(0).default(0).describe('number of classes; 0 = unconditional'),
  conditionDim: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'channels of a condition sequence (text and the like), projected to those of the tokens it joins; 0 = none',
    ),
  conditionTokens: z.int().min(0).default(0).describe('length of the condition sequence'),
  latents: z.int().min(1).default(128).describe('latent tokens m; the time and condition tokens count among them'),
  latentDim: z.int().min(1).default(512).describe("channels of a latent token d'"),
  latentHeads: z.int().min(1).default(16).describe('attention heads of the compute layers'),
  latentMlpRatio: z.number().positive().default(4).describe('hidden width of the latent MLPs over latentDim'),
  interfaceDim: z.int().min(1).default(256).describe('channels of an interface token d'),
  interfaceMlpRatio: z
    .number()
    .min(0)
    .default(4)
    .describe('hidden width of the MLP after the write over interfaceDim; 0 = no MLP'),
  readWriteHeads: z.int().min(1).default(8).describe('attention heads of read and write'),
  depth: z
    .array(z.int().min(0))
    .min(1)
    .default([2, 2, 2])
    .describe('compute layers K of each block; as many numbers as blocks')
    .meta({ expected: 'a list of whole numbers such as [2, 2, 2]' }),
  timeScaling: z.number().positive().default(1000).describe('the time token codes gamma times this'),
  interfacePosition: z.enum(positions).default('learned').describe('position code of the interface'),
  latentPosition: z.enum(positions).default('learned').describe('how the learned latents start'),
  timeOn: z.enum(tokenPlaces).default('latents').describe('where the time token goes; interface = read-only there'),
  conditionOn: z.enum(tokenPlaces).default('latents').describe('where the condition tokens go'),
  decoupledRead: z.boolean().default(false).describe('read-only tokens are read first, by an attention of their own'),
  normalizeKeyValue: z.boolean().default(false).describe('LayerNorm on keys and values of read and write too'),
  convolutionKernel: z
    .int()
    .min(0)
    .default(0)
    .describe('side of a depthwise convolution on the interface after each write; 0 = none'),
  selfConditioning: z
    .enum(['none', 'latents', 'interface', 'both'])
    .default('latents')
    .describe('what is warm-started from the previous denoising step'),
  zeroReadout: z.boolean().default(false).describe('the readout starts at zero instead of Glorot uniform'),
  dropout: rate.default(0).describe('dropout inside the MLPs of the compute layers'),
  dropPath: rate.default(0).describe('stochastic depth of the compute layers, per sample'),
  attentionDropout: rate.default(0).describe('dropout on the attention weights of the compute layers'),
});
export type ModelConfig = z.infer<typeof ModelConfig>;
