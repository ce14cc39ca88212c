import { selfConditionings } from '@rin/core';
import type { ModelConfig } from '../../../src/config/model.js';
import { modelOf } from '../modelOf.js';
import { generator } from './draws.js';

export type Options = Partial<ModelConfig>;

/** The published form, in small: what every option below changes. */
export const base: Options = {
  ...{ size: 8, patch: 2, classes: 3, latents: 6, latentDim: 32, latentHeads: 4, latentMlpRatio: 2 },
  ...{ interfaceDim: 16, interfaceMlpRatio: 3, readWriteHeads: 2, depth: [1, 2] },
};
const sequence: Options = { classes: 0, conditionDim: 5, conditionTokens: 3 };

/** Every option of the network by itself; the name begins with its key. */
export const options: Readonly<Record<string, Options>> = {
  'as it is published': {},
  'size: a rectangle': { size: [4, 6] },
  'size: a signal': { size: [20], patch: 5, channels: 1 },
  'size: a clip; a number for its patch is spatial': { size: [3, 4, 6] },
  'patch: a list': { size: [8, 6], patch: [4, 3] },
  'patch: a list for a clip': { size: [4, 4, 6], patch: [2, 2, 3] },
  'patch: 1': { size: [3, 4], patch: 1 },
  'givenFrames: whole slices of both kinds': { size: [6, 4, 6], patch: [2, 2, 3], givenFrames: 2, classes: 0 },
  'givenFrames: both kinds are padded': { size: [8, 4, 4], patch: [3, 2, 2], givenFrames: 4, channels: 1 },
  'givenFrames: one frame of each in a slice': { size: [2, 4, 4], patch: [4, 2, 2], givenFrames: 1 },
  'givenFrames: a number for the patch': { size: [3, 4, 4], givenFrames: 1, selfConditioning: 'none' },
  'givenFrames with sinCos': { size: [5, 4, 6], patch: [2, 2, 2], givenFrames: 2, interfacePosition: 'sinCos' },
  'givenFrames with sinCosPlusLearned': {
    ...{ size: [5, 4, 6], patch: [2, 2, 2], givenFrames: 3, interfacePosition: 'sinCosPlusLearned' },
  },
  'givenFrames: their tokens are not carried': {
    ...{ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2, selfConditioning: 'both' },
  },
  'givenFrames beside writable tokens, a convolution and a sequence': {
    ...{ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2, convolutionKernel: 3, timeOn: 'interfaceWritable' },
    ...{ ...sequence, conditionOn: 'interface', decoupledRead: true },
  },
  'channels: 1': { channels: 1 },
  'channels: 4': { channels: 4 },
  'classes: 0, without condition': { classes: 0 },
  'conditionDim and conditionTokens: a sequence': sequence,
  'latents fewer than tokens on them allow for one that is learned': { latents: 3 },
  'latentDim: narrower than the interface': { latentDim: 16, interfaceDim: 32 },
  'latentDim: equal to the interface': { latentDim: 16, interfaceDim: 16 },
  'latentHeads: 1': { latentHeads: 1 },
  'latentHeads: 16': { latentHeads: 16 },
  'latentMlpRatio: 0.5': { latentMlpRatio: 0.5 },
  'interfaceMlpRatio: 0, no MLP after the write': { interfaceMlpRatio: 0 },
  'readWriteHeads: 1': { readWriteHeads: 1 },
  'readWriteHeads: 8': { readWriteHeads: 8 },
  'depth: one block': { depth: [3] },
  'depth: 0 reads only': { depth: [0, 1, 0] },
  'timeScaling: 50': { timeScaling: 50, interfacePosition: 'sinCos', latentPosition: 'sinCos' },
  'interfacePosition: sinCos': { interfacePosition: 'sinCos' },
  'interfacePosition: sinCosPlusLearned': { interfacePosition: 'sinCosPlusLearned', size: [4, 6] },
  'interfacePosition: sinCos in one row': { interfacePosition: 'sinCos', size: [2, 8] },
  'interfacePosition: sinCos in one column': { interfacePosition: 'sinCosPlusLearned', size: [8, 2] },
  'interfacePosition: sinCos of a signal': { interfacePosition: 'sinCos', size: [20], patch: 5 },
  'interfacePosition: sinCos of a clip': { interfacePosition: 'sinCos', size: [3, 4, 6] },
  'interfacePosition: sinCosPlusLearned of a clip': { interfacePosition: 'sinCosPlusLearned', size: [3, 4, 6] },
  'latentPosition: sinCos': { latentPosition: 'sinCos' },
  'latentPosition: sinCosPlusLearned': { latentPosition: 'sinCosPlusLearned' },
  'timeOn: interface': { timeOn: 'interface' },
  'timeOn: interfaceWritable': { timeOn: 'interfaceWritable' },
  'conditionOn: interface': { conditionOn: 'interface' },
  'conditionOn: interfaceWritable': { conditionOn: 'interfaceWritable' },
  'conditionOn: interface, a sequence': { ...sequence, conditionOn: 'interface' },
  'timeOn and conditionOn: both read-only': { timeOn: 'interface', conditionOn: 'interface' },
  'timeOn and conditionOn: both writable': { timeOn: 'interfaceWritable', conditionOn: 'interfaceWritable' },
  'timeOn and conditionOn: one of each': { timeOn: 'interfaceWritable', conditionOn: 'interface' },
  decoupledRead: { decoupledRead: true, conditionOn: 'interface' },
  'decoupledRead, time too': { ...sequence, decoupledRead: true, conditionOn: 'interface', timeOn: 'interface' },
  'decoupledRead beside writable tokens': {
    decoupledRead: true,
    conditionOn: 'interface',
    timeOn: 'interfaceWritable',
  },
  normalizeKeyValue: { normalizeKeyValue: true },
  'normalizeKeyValue, decoupled read too': { normalizeKeyValue: true, decoupledRead: true, conditionOn: 'interface' },
  'convolutionKernel: 3': { convolutionKernel: 3, size: [8, 12] },
  'convolutionKernel: 1': { convolutionKernel: 1 },
  'convolutionKernel: wider than the map': { convolutionKernel: 5, size: [4, 6] },
  'convolutionKernel on a signal': { convolutionKernel: 3, size: [20], patch: 5 },
  'convolutionKernel on a clip': { convolutionKernel: 3, size: [3, 4, 6] },
  'convolutionKernel leaves writable tokens alone': { convolutionKernel: 3, timeOn: 'interfaceWritable' },
  'selfConditioning: none': { selfConditioning: 'none' },
  'selfConditioning: latents': { selfConditioning: 'latents' },
  'selfConditioning: interface': { selfConditioning: 'interface' },
  'selfConditioning: both': { selfConditioning: 'both', conditionOn: 'interfaceWritable' },
  'selfConditioning: data': { selfConditioning: 'data' },
  'selfConditioning: data of a signal': { selfConditioning: 'data', size: [20], patch: 5, channels: 1 },
  'selfConditioning: data of a clip': { selfConditioning: 'data', size: [3, 4, 6] },
  'selfConditioning: latents+data': { selfConditioning: 'latents+data' },
  'selfConditioning: interface+data': { selfConditioning: 'interface+data', timeOn: 'interfaceWritable' },
  'selfConditioning: both+data': { selfConditioning: 'both+data', timeOn: 'interface' },
  'dropout of all kinds is for training only': { dropout: 0.5, dropPath: 0.5, attentionDropout: 0.5 },
};

/** A configuration with every key drawn at random, such that it fits together. The form of self-conditioning goes in turn. */
export function randomConfiguration(seed: number): ModelConfig {
  const random = generator(1000 + seed);
  const pick = <T>(...from: T[]): T => from[Math.floor(random() * from.length)];
  const conditionOn = pick('latents', 'interface', 'interfaceWritable');
  const timeOn = pick('latents', 'interface', 'interfaceWritable');
  const selfConditioning = selfConditionings[seed % selfConditionings.length]; // 16 draws would leave some out
  // warm-starting the interface needs its MLP
  const interfaceMlpRatio = /interface|both/.test(selfConditioning) ? pick(1.5, 2) : pick(0, 1.5, 2);
  const shape = pick<Options>(
    { size: 6, patch: 3 },
    { size: [4, 8], patch: [1, 4] },
    { size: [12], patch: 2 },
    { size: [4, 4, 2], patch: [2, 1, 1] },
    { size: [2, 4, 4], patch: 2 },
  );
  const isClip = Array.isArray(shape.size) && shape.size.length === 3;
  return modelOf({
    ...shape,
    ...pick<Options>({ classes: 4 }, { conditionDim: 3, conditionTokens: 2 }),
    ...{ channels: pick(1, 2, 3), latents: pick(4, 7), latentDim: pick(16, 24, 32), latentHeads: pick(2, 4, 8) },
    ...{ latentMlpRatio: pick(1, 2.5), interfaceDim: pick(8, 16, 32), interfaceMlpRatio },
    ...{
      readWriteHeads: pick(1, 2, 4),
      depth: pick([1], [2, 1], [1, 0, 2], [1, 1, 1]),
      timeScaling: pick(1000, 10000),
    },
    ...{ interfacePosition: pick('learned', 'sinCos', 'sinCosPlusLearned'), timeOn, conditionOn },
    ...{ latentPosition: pick('learned', 'sinCos', 'sinCosPlusLearned'), normalizeKeyValue: pick(true, false) },
    ...{ decoupledRead: (timeOn === 'interface' || conditionOn === 'interface') && pick(true, false) },
    ...{ convolutionKernel: pick(0, 1, 3), selfConditioning },
    ...{ givenFrames: isClip ? seed % 2 : 0 },
  });
}
