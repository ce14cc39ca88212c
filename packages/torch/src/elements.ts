import { arrayFor, type DataArray, dtypeWidth } from './dtype.js';
import type { Handle } from './handle.js';
import { noGrad } from './modes.js';
import { attempt, native } from './native.js';
import { callTensor, unobserved } from './operator.js';
import { scope } from './scope.js';

/** The elements of a tensor in row-major order; float16 and bfloat16 as raw bits. */
export function elementsOf(tensor: Handle): DataArray {
  attempt(`toTypedArray (${tensor})`, () => native.requireMemory(tensor.size * dtypeWidth(tensor.dtype)));
  const array = arrayFor(tensor.dtype, tensor.size);
  attempt('toTypedArray', () => native.toBytes(tensor.slot, array));
  return array;
}

/** The elements of a tensor as numbers; int64 as bigint. A trace does not record it. */
export function numbersOf(tensor: Handle): ArrayLike<number | bigint> {
  if (tensor.dtype !== 'float16' && tensor.dtype !== 'bfloat16') return elementsOf(tensor);
  return withoutTraces(() => elementsOf(callTensor('aten::to.dtype', tensor, 'float32')));
}

/** Runs operators that leave nothing behind: no tensors, no graph, no record. */
export const withoutTraces = <T>(run: () => T): T => unobserved(() => noGrad(() => scope(run)));
