import { TorchError } from './errors.js';

/** libtorch's number for each element type, and its typed array. 16-bit floats are passed as raw bits. */
const table = {
  uint8: { code: 0, array: Uint8Array },
  int8: { code: 1, array: Int8Array },
  int16: { code: 2, array: Int16Array },
  int32: { code: 3, array: Int32Array },
  int64: { code: 4, array: BigInt64Array },
  float16: { code: 5, array: Uint16Array },
  float32: { code: 6, array: Float32Array },
  float64: { code: 7, array: Float64Array },
  bool: { code: 11, array: Uint8Array },
  bfloat16: { code: 15, array: Uint16Array },
} as const;

/** Element type of a tensor: `float32`, `float64`, `float16`, `bfloat16`, `int64`, `int32`, `int16`, `int8`, `uint8`, `bool`. */
export type Dtype = keyof typeof table;

/** The typed arrays that tensors are made from and copied to. */
export type DataArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Float32Array
  | Float64Array;

/** All dtypes by name. */
export const dtypes = Object.keys(table) as Dtype[];
const byCode = new Map<number, Dtype>(dtypes.map((dtype) => [table[dtype].code, dtype]));

export const isDtype = (value: unknown): value is Dtype => typeof value === 'string' && Object.hasOwn(table, value);

export const isFloating = (dtype: unknown): dtype is Dtype => isDtype(dtype) && dtype.includes('float');

/** libtorch's code of a dtype. @throws TorchError if the name is no dtype */
export function dtypeCode(dtype: Dtype): number {
  if (!isDtype(dtype)) throw new TorchError(`unknown dtype ${String(dtype)}; expected one of ${dtypes.join(', ')}`);
  return table[dtype].code;
}

/** Bytes of one element; NaN for a type without a typed array. */
export const dtypeWidth = (dtype: Dtype): number =>
  isDtype(dtype) ? table[dtype].array.BYTES_PER_ELEMENT : Number.NaN;

/** The smallest and the largest exact number of an integer dtype; null for other dtypes. */
export function wholeRange(dtype: Dtype): readonly [number, number] | null {
  if (dtype === 'int64') return [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  if (dtype === 'uint8') return [0, 255];
  if (dtype !== 'int8' && dtype !== 'int16' && dtype !== 'int32') return null;
  const end = 2 ** (8 * dtypeWidth(dtype) - 1);
  return [-end, end - 1];
}

/** The name of the dtype with libtorch's code. Complex and quantised types have no typed array and give `type N`. */
export const dtypeName = (code: number): Dtype => byCode.get(code) ?? (`type ${code}` as Dtype);

/** A typed array of `length` elements for a dtype. */
export const arrayFor = (dtype: Dtype, length: number): DataArray => new (arrayClass(dtype))(length);

/** A typed array of a dtype on an existing buffer. */
export const arrayOn = (dtype: Dtype, buffer: ArrayBuffer): DataArray => new (arrayClass(dtype))(buffer);

function arrayClass(dtype: Dtype): (typeof table)[Dtype]['array'] {
  if (!isDtype(dtype)) throw new TorchError(`a tensor of ${String(dtype)} has no typed array`);
  return table[dtype].array;
}

/** The dtype of a typed array. @throws TorchError if it is ambiguous (16-bit floats) or there is none */
export function dtypeOfArray(array: ArrayBufferView): Dtype {
  if (array instanceof Uint16Array)
    throw new TorchError('a Uint16Array holds bits of float16 or bfloat16: name one with { dtype }');
  const found = dtypes.find((dtype) => array instanceof table[dtype].array);
  if (!found)
    throw new TorchError(
      `a ${array.constructor.name} has no matching dtype; expected a typed array for one of ${dtypes.join(', ')}`,
    );
  return found;
}

/** Whether an array of this class can carry the dtype. */
export const arrayFits = (array: ArrayBufferView, dtype: Dtype): boolean =>
  array instanceof table[dtype].array || (dtype === 'uint8' && array instanceof Uint8ClampedArray);
