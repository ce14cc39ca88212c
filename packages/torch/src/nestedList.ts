import { getHeapStatistics } from 'node:v8';
import { numbersOf } from './elements.js';
import { TorchError } from './errors.js';
import type { Handle } from './handle.js';

/** Elements in nested arrays, one level for each dimension. */
export type NestedList = number | boolean | NestedList[];

/**
 * The elements of a tensor in nested arrays.
 * @throws TorchError if a number cannot hold an int64 exactly, or JavaScript's heap cannot hold the arrays
 */
export function nestedList(tensor: Handle): NestedList {
  const { shape, dtype } = tensor;
  requireHeap(tensor);
  const values = numbersOf(tensor);
  const element = (at: number): number | boolean => (dtype === 'bool' ? values[at] !== 0 : exactNumber(values[at]));
  const build = (dim: number, at: number, size: number): NestedList => {
    if (dim === shape.length) return element(at);
    const inner = size / shape[dim];
    return Array.from({ length: shape[dim] }, (_, i) => build(dim + 1, at + i * inner, inner));
  };
  return build(0, 0, values.length);
}

/** V8 ends the process when its heap is full. [2³⁶, 0] has no elements, but as many arrays. */
function requireHeap({ shape, size }: Handle): void {
  let [arrays, level] = [1, 1];
  for (const length of shape.slice(0, -1)) arrays += level *= length;
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  if (8 * size + 56 * arrays > limit - used)
    throw new TorchError(
      `tolist: the arrays of [${shape.join(', ')}] do not fit in JavaScript's heap; use toTypedArray()`,
    );
}

function exactNumber(value: number | bigint): number {
  const number = Number(value);
  if (typeof value === 'bigint' && !Number.isSafeInteger(number))
    throw new TorchError(`tolist: a number cannot hold ${value} exactly; toTypedArray() gives a BigInt64Array`);
  return number;
}
