import { lengthOf } from '@rin/core';
import { Damaged, Tuple } from './machine.js';

/** Bytes of an element. */
const widths = { float32: 4, int64: 8 } as const;

export type Element = keyof typeof widths;

/** The elements of an array, little-endian, as they are in the file. */
export interface RawArray {
  readonly dtype: Element;
  readonly shape: readonly number[];
  /** The axes from the outermost in memory to the innermost: 0, 1, 2, … in row-major order. */
  readonly order: readonly number[];
  readonly bytes: Uint8Array;
}

/** Arrays by name. */
export type RawArrays = ReadonlyMap<string, RawArray>;

export const widthOf = (dtype: Element): number => widths[dtype];

/** The sizes in a tuple. @throws Damaged if they are not whole numbers */
export function sizesOf(value: unknown): number[] {
  const items = value instanceof Tuple ? value.items : [];
  const sizes = items.filter(isSize);
  if (!(value instanceof Tuple) || sizes.length !== items.length || sizes.length > 8)
    throw new Damaged('the sizes of an array are not a list of whole numbers');
  return sizes;
}

export const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/**
 * The axes from the outermost in memory to the innermost. PyTorch keeps a transposed array as it was, with other strides.
 * @throws Damaged if the strides leave gaps, or use an element twice
 */
export function memoryOrder(shape: readonly number[], strides: readonly number[]): number[] {
  const axes = shape.map((_, axis) => axis);
  const order = axes.sort((a, b) => strides[b] - strides[a] || shape[b] - shape[a]);
  let step = 1;
  for (const axis of order.toReversed()) {
    if (strides.length !== shape.length || (shape[axis] !== 1 && strides[axis] !== step))
      throw new Damaged(`an array of the shape [${shape.join(', ')}] whose elements are not side by side`);
    step *= shape[axis];
  }
  return order;
}

/** Where an array is in a storage. Defaults: at its start, in row-major order. */
export interface Place {
  /** in elements */
  readonly offset?: number;
  readonly order?: readonly number[];
}

/** The bytes of an array in a storage. @throws Damaged if they are beyond its end */
export function rawArray(
  dtype: Element,
  shape: readonly number[],
  storage: Uint8Array,
  { offset = 0, order = shape.map((_, axis) => axis) }: Place = {},
): RawArray {
  const width = widthOf(dtype);
  const elements = lengthOf(shape);
  if (!((offset + elements) * width <= storage.length))
    throw new Damaged(`an array of the shape [${shape.join(', ')}] is larger than its data`);
  return { dtype, shape, order, bytes: storage.subarray(offset * width, (offset + elements) * width) };
}
