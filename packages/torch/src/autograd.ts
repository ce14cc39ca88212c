import { attempt, native } from './native.js';
import { refuseInTrace, tensorOf } from './operator.js';
import type { Tensor } from './tensor.js';

/**
 * d sum(outputs·gradOutputs) / d inputs, without touching any `grad`; null where an input was not used.
 * @param options.gradOutputs  of the shapes of the outputs; not needed for outputs of one element, where they are 1
 * @param options.retainGraph  keep what backward needs, so that it can be made again
 * @param options.createGraph  record the computation, so that the result can be differentiated again
 * @throws TorchError if an output has no graph, or needs gradOutputs; or inside a trace
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
