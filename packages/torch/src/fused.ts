import { attempt, native } from './native.js';
import { isObserved, tensorOf } from './operator.js';
import type { Tensor } from './tensor.js';

/**
 * Several operators in one pass over their tensors, by a kernel of the addon's own (`native/linear.cc`,
 * `native/convolution.cc`).
 * @param numbers  what else the kernel needs; its file tells the order
 * @returns null if the caller must call the operators: the addon has no kernel for these tensors, or a trace records the operators
 */
export function fused(name: string, tensors: readonly Tensor[], numbers: readonly number[] = []): Tensor[] | null {
  if (isObserved()) return null;
  const slots = attempt(name, () =>
    native.fused(
      name,
      tensors.map(({ slot }) => slot),
      numbers,
    ),
  );
  return slots.length > 0 ? (slots.map(tensorOf) as Tensor[]) : null;
}
