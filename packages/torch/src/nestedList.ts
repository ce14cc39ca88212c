import { numbersOf } from './elements.js';
import { TorchError } from './errors.js';
import type { Handle } from './handle.js';

/** Elements in nested arrays, one level for each dimension. */
export type NestedList = number | boolean | NestedList[];

/** The elements of a tensor in nested arrays. @throws TorchError if a number cannot hold an int64 exactly */
export function nestedList(tensor: Handle): NestedList {
  const { shape, dtype } = tensor;
  const values = numbersOf(tensor);
  const element = (at: number): number | boolean => (dtype === 'bool' ? values[at] !== 0 : exactNumber(values[at]));
  const build = (dim: number, at: number, size: number): NestedList => {
    if (dim === shape.length) return element(at);
    const inner = size / shape[dim];
    return Array.from({ length: shape[dim] }, (_, i) => build(dim + 1, at + i * inner, inner));
  };
  return build(0, 0, values.length);
}

function exactNumber(value: number | bigint): number {
  const number = Number(value);
  if (typeof value === 'bigint' && !Number.isSafeInteger(number))
    throw new TorchError(`tolist: a number cannot hold ${value} exactly; toTypedArray() gives a BigInt64Array`);
  return number;
}
