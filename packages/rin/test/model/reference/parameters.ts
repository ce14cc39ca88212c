import type { ModelConfig } from '../../../src/config/model.js';
import { geometry } from './geometry.js';
import { product } from './values.js';

/** How a parameter starts, as in the authors' Keras code. */
export type Initial =
  | { kind: 'zeros' }
  | { kind: 'ones' }
  /** Uniform in [−limit, limit]. */
  | { kind: 'uniform'; limit: number }
  /** Normal of this deviation, redrawn beyond two of them. */
  | { kind: 'truncatedNormal'; std: number };

interface Parameter {
  shape: number[];
  initial: Initial;
}

const zeros: Initial = { kind: 'zeros' };
const ones: Initial = { kind: 'ones' };
const uniform = (squaredLimit: number): Initial => ({ kind: 'uniform', limit: Math.sqrt(squaredLimit) });

/** Every parameter of the network by its name in a checkpoint. */
function table(config: ModelConfig): Record<string, Parameter> {
  const g = geometry(config);
  const { interfaceDim: d, latentDim, latentMlpRatio, interfaceMlpRatio, readWriteHeads } = config;
  const all: Record<string, Parameter> = {};

  const kernel = (name: string, shape: number[], squaredLimit: number) => {
    all[`${name}.weight`] = { shape, initial: uniform(squaredLimit) };
    all[`${name}.bias`] = { shape: [shape[0]], initial: zeros };
  };
  // Glorot: U(±√(6/(fan_in + fan_out)))
  const dense = (name: string, output: number, input: number) => kernel(name, [output, input], 6 / (input + output));
  const norm = (name: string, dim: number, gain = ones) => {
    all[`${name}.weight`] = { shape: [dim], initial: gain };
    all[`${name}.bias`] = { shape: [dim], initial: zeros };
  };
  const mlp = (name: string, dim: number, ratio: number) => {
    if (ratio === 0) return;
    const hidden = Math.round(dim * ratio);
    norm(`${name}.norm`, dim);
    dense(`${name}.up`, hidden, dim);
    dense(`${name}.down`, dim, hidden);
  };
  // q, k, v: U(±√(6/(D_in (heads + head_dim)))), output: U(±√(6/(heads (head_dim + D_out))))
  const attention = (name: string, query: number, keyValue: number, width: number, heads: number) => {
    const headDim = width / heads;
    kernel(`${name}.q`, [width, query], 6 / (query * (heads + headDim)));
    kernel(`${name}.k`, [width, keyValue], 6 / (keyValue * (heads + headDim)));
    kernel(`${name}.v`, [width, keyValue], 6 / (keyValue * (heads + headDim)));
    kernel(`${name}.out`, [query, width], 6 / (heads * (headDim + query)));
  };
  /** Read, decoupled read or write: attention across, then the MLP of the side that asks. */
  const cross = (name: string, query: number, keyValue: number, ratio: number) => {
    norm(`${name}.norm`, query);
    if (config.normalizeKeyValue) norm(`${name}.norm_kv`, keyValue);
    attention(`${name}.attention`, query, keyValue, g.readWriteWidth, readWriteHeads);
    mlp(`${name}.mlp`, query, ratio);
  };
  const position = (name: string, tokens: number, dim: number, code: ModelConfig['latentPosition']) => {
    if (code === 'learned') all[name] = { shape: [tokens, dim], initial: { kind: 'truncatedNormal', std: 0.02 } };
    if (code === 'sinCosPlusLearned') all[name] = { shape: [tokens, dim], initial: zeros };
  };

  const area = product(g.patch);
  kernel('stem', [d, area * g.inputChannels], 6 / (area * (g.inputChannels + d)));
  norm('stem_norm', d);
  position('interface_position', g.tokens + (g.given?.tokens ?? 0), d, config.interfacePosition);
  position('latents', g.learnedLatents, latentDim, config.latentPosition);
  dense('time.dense0', g.timeDim, g.timeDim / 4);
  dense('time.dense1', g.timeDim, g.timeDim);
  if (g.conditionTokens > 0) dense('label', g.conditionDim, g.conditionChannels);

  if (/latents|both/.test(config.selfConditioning)) {
    mlp('previous_mlp', latentDim, latentMlpRatio);
    norm('previous_norm', latentDim, zeros);
  }
  if (/interface|both/.test(config.selfConditioning)) {
    mlp('previous_interface_mlp', d, interfaceMlpRatio);
    norm('previous_interface_norm', d, zeros);
  }

  config.depth.forEach((layers, i) => {
    const block = `blocks.${i}`;
    if (config.decoupledRead && g.readOnlyTokens) cross(`${block}.condition_read`, latentDim, d, latentMlpRatio);
    cross(`${block}.read`, latentDim, d, latentMlpRatio);
    if (layers === 0) return; // reads only
    for (let j = 0; j < layers; j++) {
      norm(`${block}.compute.${j}.norm`, latentDim);
      attention(`${block}.compute.${j}.attention`, latentDim, latentDim, latentDim, config.latentHeads);
      mlp(`${block}.compute.${j}.mlp`, latentDim, latentMlpRatio);
    }
    cross(`${block}.write`, d, latentDim, interfaceMlpRatio);
    if (config.convolutionKernel > 0) {
      const window = g.grid.map(() => config.convolutionKernel);
      kernel(`${block}.convolution.depthwise`, [d, 1, ...window], 6 / (product(window) * (d + 1)));
      norm(`${block}.convolution.norm`, d);
      // variance scaling of 1e-10 over the mean of the two fans, uniform
      kernel(`${block}.convolution.pointwise`, [d, d], (3 * 1e-10) / d);
    }
  });

  norm('readout_norm', d);
  dense('readout', g.patchLength, d);
  if (config.zeroReadout) all['readout.weight'].initial = zeros;
  return all;
}

/** The shape of every parameter by name; PyTorch's layout, Linear weight [out, in], patch vectors row, column, channel. */
export function referenceParameters(config: ModelConfig): Record<string, number[]> {
  return Object.fromEntries(Object.entries(table(config)).map(([name, { shape }]) => [name, shape]));
}

/** How the parameter of this name starts. */
export function referenceInitial(config: ModelConfig, name: string): Initial {
  const parameter = table(config)[name];
  if (!parameter) throw new Error(`the network has no parameter ${name} in this configuration`);
  return parameter.initial;
}

/** Number of learned numbers. */
export function referenceCount(config: ModelConfig): number {
  return Object.values(referenceParameters(config)).reduce((sum, shape) => sum + product(shape), 0);
}
