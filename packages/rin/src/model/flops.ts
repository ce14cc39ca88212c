import { geometry } from '@rin/core';
import { noGrad, scope, type TracedCall, type TracedTensor, type TracedValue, trace, zeros } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import { RIN } from './rin.js';

/**
 * Floating-point operations of a forward pass of one sample that starts from an earlier pass: multiplications and additions of
 * all products. They are counted in a trace, so they follow from the shapes of the tensors. Norms, GELU and softmax are left
 * out.
 */
export function passFlops(model: ModelConfig): number {
  return scope(() => {
    const rin = new RIN(model, { seed: null });
    const { predicted, given: part } = geometry(model);
    const x = zeros([1, model.channels, ...predicted.size]);
    const given = part ? zeros([1, model.channels, ...part.size]) : undefined;
    const code = rin.timeCode([0.5]).float();
    const state = {
      latents: zeros([1, model.latents, model.latentDim]),
      interface: zeros([1, predicted.tokens, model.interfaceDim]),
      data: x,
    };
    const previous = Object.fromEntries(rin.carried.map((part) => [part, state[part]]));
    using pass = noGrad(() => trace(() => rin.forward(x, { code }, { previous, ...(given && { given }) })));
    return pass.calls.reduce((sum, call) => sum + flopsOf(call), 0);
  });
}

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

function flopsOf({ operator, inputs, outputs }: TracedCall): number {
  const [output] = outputs.filter(isTensor);
  return output ? (counted[operator]?.(inputs.filter(isTensor), output) ?? 0) : 0;
}

const isTensor = (value: TracedValue): value is TracedTensor =>
  typeof value === 'object' && value !== null && 'shape' in value;
const sizeOf = ({ shape }: TracedTensor): number => shape.reduce((product, extent) => product * extent, 1);
const last = ({ shape }: TracedTensor): number => shape[shape.length - 1];
