import { conditionTokens, geometry, hasReadOnlyTokens, inputChannels, latentSlots, warmParts } from '@rin/core';
import type { ModelConfig } from '../config/model.js';

/** Numbers of values in the tensors that a forward pass of one sample makes, without views. */
export interface PassValues {
  /** before the first block and after the last one */
  readonly ends: number;
  /** inside each block */
  readonly blocks: readonly number[];
  /** the tokens between two blocks */
  readonly between: number;
}

/** Values that stay in memory until the backward pass ends. */
export function passValues(model: ModelConfig): number {
  const { ends, blocks } = valuesByBlock(model);
  return blocks.reduce((sum, values) => sum + values, ends);
}

/**
 * The most values that are in memory at one time if each block is computed again in the backward pass: the tokens between the
 * blocks, their gradients, and one block.
 */
export function recomputedValues(model: ModelConfig): number {
  const { ends, blocks, between } = valuesByBlock(model);
  return ends + (blocks.length + 1) * between + Math.max(...blocks);
}

/** A layer with c channels on t tokens makes t·c values for each of norm, product, GELU and sum. */
export function valuesByBlock(model: ModelConfig): PassValues {
  const { latents: m, latentDim, interfaceDim: d, latentMlpRatio, interfaceMlpRatio, normalizeKeyValue } = model;
  const { tokens, predicted, patchLength } = geometry(model);
  const { time, condition } = latentSlots(model);
  const onInterface = 1 - time + conditionTokens(model) - condition;
  const readOnly = hasReadOnlyTokens(model) ? onInterface : 0;
  const n = tokens + onInterface - readOnly;
  const width = Math.min(d, latentDim);

  const mlp = (t: number, c: number, ratio: number) => (ratio > 0 ? t * (3 * c + 2 * ratio * c) : 0); // norm, up, GELU, down, sum
  /** norm, q, attended, out, sum; k and v of the context */
  const attention = (t: number, c: number, context: number, contextDim: number) =>
    t * (3 * c + 2 * width) + context * (2 * width + (normalizeKeyValue ? contextDim : 0));
  const read = attention(m, latentDim, n + readOnly, d) + mlp(m, latentDim, latentMlpRatio);
  const compute = m * 7 * latentDim + mlp(m, latentDim, latentMlpRatio); // norm; q, k and v as one; attended, out, sum
  const write = attention(n, d, m, latentDim) + mlp(n, d, interfaceMlpRatio);
  const convolution = model.convolutionKernel > 0 ? 6 * predicted.tokens * d : 0;
  const perBlock = model.depth.map((layers) => read + layers * compute + (layers > 0 ? write + convolution : 0));

  const inputLength = (patchLength / model.channels) * inputChannels(model);
  const joined = inputLength > patchLength ? inputLength : 0; // x with the earlier estimate
  const stem = tokens * (joined + inputLength + 3 * d); // patches, product, norm, with positions
  const readout = predicted.tokens * (d + 2 * patchLength); // norm, product, pixels
  const parts = warmParts(model);
  const warm = (t: number, c: number, ratio: number) => t * 3 * c + mlp(t, c, ratio);
  const starts =
    (parts.includes('latents') ? warm(m, latentDim, latentMlpRatio) : 0) +
    (parts.includes('interface') ? warm(predicted.tokens, d, interfaceMlpRatio) : 0);
  return { ends: stem + starts + readout, blocks: perBlock, between: m * latentDim + n * d };
}
