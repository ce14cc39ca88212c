import { TorchError } from './errors.js';

/** libtorch's number for each element type, and the typed array that carries it. The 16-bit floats travel as raw bits. */
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

/** The arrays that tensors are made from and copied to. */
export type DataArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Float32Array
  | Float64Array;

/** All of them by name, in no order of meaning. */
export const dtypes = Object.keys(table) as Dtype[];
const byCode = new Map<number, Dtype>(dtypes.map((dtype) => [table[dtype].code, dtype]));

export const isDtype = (value: unknown): value is Dtype => typeof value === 'string' && Object.hasOwn(table, value);

/** libtorch's code of a dtype; throws for a name that is none. */
export function dtypeCode(dtype: Dtype): number {
  if (!isDtype(dtype)) throw new TorchError(`unknown dtype ${String(dtype)}; expected one of ${dtypes.join(', ')}`);
  return table[dtype].code;
}

/** Bytes of one element. */
export const dtypeWidth = (dtype: Dtype): number =>
  isDtype(dtype) ? table[dtype].array.BYTES_PER_ELEMENT : Number.NaN;

/** The smallest and the largest number that an integer dtype holds, as far as numbers are exact; null for others. */
export function wholeRange(dtype: Dtype): readonly [number, number] | null {
  if (dtype === 'int64') return [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  if (dtype === 'uint8') return [0, 255];
  if (dtype !== 'int8' && dtype !== 'int16' && dtype !== 'int32') return null;
  const end = 2 ** (8 * dtypeWidth(dtype) - 1);
  return [-end, end - 1];
}

/** The dtype with libtorch's code, as a name; complex and quantised types, which have no typed array, give `type N`. */
export const dtypeName = (code: number): Dtype => byCode.get(code) ?? (`type ${code}` as Dtype);

/** An array of `length` elements for a dtype. */
export const arrayFor = (dtype: Dtype, length: number): DataArray => new (arrayClass(dtype))(length);

/** An array of a dtype on a buffer. */
export const arrayOn = (dtype: Dtype, buffer: ArrayBuffer): DataArray => new (arrayClass(dtype))(buffer);

function arrayClass(dtype: Dtype): (typeof table)[Dtype]['array'] {
  if (!isDtype(dtype)) throw new TorchError(`a tensor of ${String(dtype)} has no typed array`);
  return table[dtype].array;
}

/** The dtype that a typed array means by itself; 16-bit floats and bool must be named, since their arrays are ambiguous. */
export function dtypeOfArray(array: ArrayBufferView): Dtype {
  if (array instanceof Uint16Array)
    throw new TorchError('a Uint16Array holds bits of float16 or bfloat16: say which with { dtype }');
  const found = dtypes.find((dtype) => array instanceof table[dtype].array);
  if (!found)
    throw new TorchError(
      `a ${array.constructor.name} has no matching dtype; expected one of the arrays of ${dtypes.join(', ')}`,
    );
  return found;
}

/** Whether an array of this class can carry the dtype. */
export const arrayFits = (array: ArrayBufferView, dtype: Dtype): boolean =>
  array instanceof table[dtype].array || (dtype === 'uint8' && array instanceof Uint8ClampedArray);
