import { geometry } from '@rin/core';
import {
  noGrad,
  scope,
  type Trace,
  type TracedCall,
  type TracedTensor,
  type TracedValue,
  trace,
  zeros,
} from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import type { PartFlops } from '../../src/model/flops.js';
import { type ModelPart, modelParts, partOfParameter } from '../../src/model/parts.js';
import { RIN } from '../../src/model/rin.js';

/** The operators that multiply, with their FLOPs: two for each value of the result and each term of its sum. */
const counted: Readonly<Record<string, (inputs: readonly TracedTensor[], output: TracedTensor) => number>> = {
  'aten::linear': ([x], output) => 2 * sizeOf(output) * last(x),
  // q·kᵀ and the product with v
  'aten::scaled_dot_product_attention': ([q, k], output) =>
    2 * (sizeOf(q) + sizeOf(output)) * k.shape[k.shape.length - 2],
  // a sum over the channels of a group and the kernel for each value
  'aten::conv1d': ([, weight], output) => 2 * sizeOf(output) * (sizeOf(weight) / weight.shape[0]),
  'aten::conv2d': ([, weight], output) => 2 * sizeOf(output) * (sizeOf(weight) / weight.shape[0]),
  'aten::conv3d': ([, weight], output) => 2 * sizeOf(output) * (sizeOf(weight) / weight.shape[0]),
};

/** FLOPs of a pass that starts from an earlier one, or from zeros, from the operators that it calls. */
export const tracedPass = (
  model: ModelConfig,
  { latents = model.latents, isCold = false }: { latents?: number; isCold?: boolean } = {},
): PartFlops =>
  scope(() => {
    const rin = new RIN(model, { seed: null });
    const { x, code, given } = inputsOf(model, rin);
    const state = {
      latents: zeros([1, latents, model.latentDim]),
      interface: zeros([1, geometry(model).predicted.tokens, model.interfaceDim]),
      data: x,
    };
    const previous = Object.fromEntries((isCold ? [] : rin.carried).map((part) => [part, state[part]]));
    using pass = noGrad(() => trace(() => rin.forward(x, { code }, { previous, latents, ...given })));
    return byPart(pass, rin);
  });

/** The same of a first pass of self-conditioning. */
export const tracedFirst = (model: ModelConfig): PartFlops =>
  scope(() => {
    const rin = new RIN(model, { seed: null });
    const { x, code, given } = inputsOf(model, rin);
    using pass = trace(() => rin.warmUp(x, { code }, given));
    return byPart(pass, rin);
  });

function inputsOf(model: ModelConfig, rin: RIN) {
  const { predicted, given } = geometry(model);
  return {
    x: zeros([1, model.channels, ...predicted.size]),
    code: rin.timeCode([0.5]).float(),
    given: given ? { given: zeros([1, model.channels, ...given.size]) } : {},
  };
}

/** A product belongs to the part of its weight. Attention follows the products of its queries, keys and values. */
function byPart(pass: Trace<unknown>, rin: RIN): PartFlops {
  const parts = new Map<number, ModelPart>();
  for (const [name, parameter] of Object.entries(rin.parameters())) {
    const id = pass.idOf(parameter);
    if (id !== undefined) parts.set(id, partOfParameter(name));
  }
  const found = Object.fromEntries(modelParts.map((part) => [part, 0])) as Record<ModelPart, number>;
  let current: ModelPart = 'stem';
  for (const call of pass.calls) {
    const tensors = tensorsOf(call.inputs);
    const own = tensors.flatMap(({ id }) => parts.get(id) ?? []);
    if (call.operator === 'aten::cat' && own.length === tensors.length)
      for (const { id } of tensorsOf(call.outputs)) parts.set(id, own[0]); // weights that are joined
    const flops = flopsOf(call);
    if (flops === 0) continue;
    current = own[0] ?? current;
    found[current] += flops;
  }
  return found;
}

function flopsOf({ operator, inputs, outputs }: TracedCall): number {
  const [output] = tensorsOf(outputs);
  return output ? (counted[operator]?.(tensorsOf(inputs), output) ?? 0) : 0;
}

const tensorsOf = (values: readonly TracedValue[]): TracedTensor[] =>
  values.flatMap((value) => (Array.isArray(value) ? value : [value])).filter(isTensor);
const isTensor = (value: TracedValue): value is TracedTensor =>
  typeof value === 'object' && value !== null && 'shape' in value;
const sizeOf = ({ shape }: TracedTensor): number => shape.reduce((product, extent) => product * extent, 1);
const last = ({ shape }: TracedTensor): number => shape[shape.length - 1];
