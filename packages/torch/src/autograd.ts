import { attempt, native } from './native.js';
import { refuseInTrace, tensorOf } from './operator.js';
import type { Tensor } from './tensor.js';

/**
 * Computes d sum(outputs·gradOutputs) / d inputs. It changes no `grad`.
 * @param options.gradOutputs  one for each output, of the same shape. Default: 1, for outputs of one element only
 * @param options.retainGraph  keep the graph, so that a second backward pass is possible
 * @param options.createGraph  record the computation, so that the result can be differentiated again
 * @returns one gradient for each input, of its shape; null if the outputs do not depend on it
 * @throws TorchError if an output has no graph or needs gradOutputs, or inside a trace
 */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  { gradOutputs = [] as readonly Tensor[], retainGraph = false, createGraph = false } = {},
): (Tensor | null)[] {
  refuseInTrace('gradients', 'a trace records a forward pass only');
  const slots = (tensors: readonly Tensor[]): number[] => tensors.map((tensor) => tensor.slot);
  const made = attempt('gradients', () =>
    native.gradients(slots(outputs), slots(inputs), slots(gradOutputs), retainGraph || createGraph, createGraph),
  );
  return made.map(tensorOf);
}
