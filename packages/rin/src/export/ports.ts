import { geometry, warmParts } from '@rin/core';
import type { Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { ForwardOptions, Output, Previous } from '../model/pass.js';
import type { RIN } from '../model/rin.js';

/** The inputs of the graph, in order: the shape of one sample of each. */
export function inputsOf(model: ModelConfig): Record<string, readonly number[]> {
  const { channels, classes, conditionTokens, conditionDim, timeOn, latents, latentDim, interfaceDim } = model;
  const { predicted, given } = geometry(model);
  const previous = {
    latents: [latents, latentDim],
    interface: [predicted.tokens, interfaceDim],
    data: [channels, ...predicted.size],
  };
  return {
    x: [channels, ...predicted.size],
    code: [(timeOn === 'latents' ? latentDim : interfaceDim) / 4],
    ...(classes > 0 && { condition: [classes] }),
    ...(conditionDim > 0 && { condition: [conditionTokens, conditionDim] }),
    ...(given && { given: [channels, ...given.size] }),
    ...Object.fromEntries(warmParts(model).map((part) => [`previous_${part}`, previous[part]])),
  };
}

/** The outputs of the graph, in order, without the read maps. */
export function outputsOf(model: ModelConfig): Record<string, readonly number[]> {
  const inputs = inputsOf(model);
  const carried = warmParts(model).filter((part) => part !== 'data');
  return { prediction: inputs.x, ...Object.fromEntries(carried.map((part) => [part, inputs[`previous_${part}`]])) };
}

/**
 * A pass of the network with the inputs of the graph, each [B, ...sample] float32.
 * @param more  other options of the pass
 */
export function passOf(
  network: RIN,
  inputs: Readonly<Record<string, Tensor>>,
  more: Pick<ForwardOptions, 'onAttention'> = {},
): Output {
  const { x, code, condition, given } = inputs;
  const previous: Previous = Object.fromEntries(
    network.carried.map((part) => [part, inputs[`previous_${part}`]] as const),
  );
  return network.forward(x, { code }, { ...(condition && { condition }), ...(given && { given }), previous, ...more });
}
