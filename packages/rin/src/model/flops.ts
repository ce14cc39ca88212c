import { conditionTokens, geometry, hasReadOnlyTokens, inputChannels, warmParts } from '@rin/core';
import type { ModelConfig } from '../config/model.js';
import type { ModelPart } from './parts.js';

/** Floating-point operations by part of the network. */
export type PartFlops = Readonly<Record<ModelPart, number>>;

/**
 * Floating-point operations of a forward pass of one sample: multiplications and additions of all products, from the shapes of
 * their factors (paper, section 2). Norms, GELU and softmax are left out.
 */
export interface PassFlops {
  /** a pass that starts from an earlier one */
  readonly pass: PartFlops;
  /** a pass from zeros: the warm start is computed for one token only */
  readonly cold: PartFlops;
  /** the first pass of self-conditioning: from zeros, and without readout and last write if nothing needs them */
  readonly first: PartFlops;
}

/** x·Wᵀ for so many tokens. */
const linear = (tokens: number, inputs: number, outputs: number): number => 2 * tokens * inputs * outputs;

/** q·kᵀ and the product with v. */
const attend = (queries: number, keys: number, width: number): number => 4 * queries * keys * width;

const mlp = (tokens: number, dim: number, ratio: number): number => 2 * linear(tokens, dim, Math.round(ratio * dim));

/**
 * Counts the operations of a forward pass. It needs no libtorch.
 * @param m  latents of the pass, time and condition tokens included. Default: those of the network
 */
export function passFlops(model: ModelConfig, m = model.latents): PassFlops {
  const { latentDim: D, interfaceDim: d, latentMlpRatio, interfaceMlpRatio, depth } = model;
  const { tokens, predicted, patchLength, grid } = geometry(model);
  const condition = conditionTokens(model);
  const others = { time: model.timeOn, condition: model.conditionOn };
  const count = { time: 1, condition };
  const placed = (place: string): number =>
    (['time', 'condition'] as const).reduce((sum, kind) => sum + (others[kind] === place ? count[kind] : 0), 0);
  const n = tokens + placed('interfaceWritable');
  const readOnly = hasReadOnlyTokens(model) ? placed('interface') : 0;
  const width = Math.min(d, D);

  /** cross-attention of x [queries, dim] on c [keys, keyDim] */
  const cross = (queries: number, dim: number, keys: number, keyDim: number): number =>
    linear(queries, dim, width) +
    linear(keys, keyDim, 2 * width) +
    attend(queries, keys, width) +
    linear(queries, width, dim);
  const read = (keys: number): number => cross(m, D, keys, d) + mlp(m, D, latentMlpRatio);
  const reads = model.decoupledRead && readOnly > 0 ? read(readOnly) + read(n) : read(n + readOnly);
  const compute = linear(m, D, 3 * D) + attend(m, m, D) + linear(m, D, D) + mlp(m, D, latentMlpRatio);
  const write = cross(n, d, m, D) + mlp(n, d, interfaceMlpRatio);
  const window = model.convolutionKernel ** grid.length;
  const convolution =
    model.convolutionKernel > 0 ? 2 * predicted.tokens * d * window + linear(predicted.tokens, d, d) : 0;

  const timeDim = model.timeOn === 'latents' ? D : d;
  const layers = depth.reduce((sum, each) => sum + each, 0);
  const written = depth.filter((each) => each > 0).length;
  const parts = warmParts(model);
  const warm = (latents: number, patches: number): number =>
    (parts.includes('latents') ? mlp(latents, D, latentMlpRatio) : 0) +
    (parts.includes('interface') ? mlp(patches, d, interfaceMlpRatio) : 0);
  const pass: PartFlops = {
    stem: linear(tokens, (patchLength / model.channels) * inputChannels(model), d),
    latents: 0,
    time: linear(1, timeDim / 4, timeDim) + linear(1, timeDim, timeDim),
    condition: linear(condition, model.classes || model.conditionDim, model.conditionOn === 'latents' ? D : d),
    warmStart: warm(m, predicted.tokens),
    read: depth.length * reads,
    compute: layers * compute,
    write: written * write,
    convolution: written * convolution,
    readout: linear(predicted.tokens, d, patchLength),
  };
  const withPrediction = parts.includes('data');
  const lastIsUsed = withPrediction || parts.includes('interface') || depth[depth.length - 1] === 0;
  const skipped = lastIsUsed ? 0 : 1;
  const cold: PartFlops = { ...pass, warmStart: warm(1, 1) }; // zeros are the same for every token
  const first: PartFlops = {
    ...cold,
    write: (written - skipped) * write,
    convolution: (written - skipped) * convolution,
    readout: withPrediction ? pass.readout : 0,
  };
  return { pass, cold, first };
}

/** The sum over the parts. */
export const totalOf = (parts: Readonly<Record<ModelPart, number>>): number =>
  Object.values(parts).reduce((sum, each) => sum + each, 0);
