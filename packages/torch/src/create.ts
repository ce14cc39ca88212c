import { type Argument, checkOptions, describe, deviceNames, isDevice, requireDevice } from './argument.js';
import { arrayFits, arrayFor, type DataArray, type Dtype, dtypeCode, dtypeOfArray, wholeRange } from './dtype.js';
import { TorchError } from './errors.js';
import { attempt, native } from './native.js';
import { callTensor, tensorOf } from './operator.js';
import type { Tensor } from './tensor.js';

/** Options for a new tensor. */
export interface CreationOptions {
  /** Default: the dtype of the typed array; float32 for numbers, bool for booleans. */
  readonly dtype?: Dtype;
  /** `cpu` (default), `cuda:N` or `mps`. */
  readonly device?: string;
  readonly requiresGrad?: boolean;
}

/** Numbers or booleans in nested arrays of equal lengths. */
export type Nested = number | boolean | readonly Nested[];

const created = (tensor: Tensor, { requiresGrad = false }: CreationOptions): Tensor => {
  if (requiresGrad) tensor.requiresGrad = true;
  return tensor;
};

/**
 * Makes a tensor from a typed array or from nested arrays of numbers or booleans. The data are copied. The class of a typed
 * array gives the dtype. In a bool tensor every number except 0 is true. int64 takes numbers up to ±(2⁵³ − 1); a BigInt64Array
 * holds larger ones.
 * @param shape  sizes. Default: the length of the typed array, or the shape of the nesting
 * @throws TorchError if the array does not fill the shape, the nesting is ragged, or an integer dtype cannot hold a number
 */
export function tensor(
  data: DataArray | Nested,
  shape?: readonly number[] | CreationOptions,
  options: CreationOptions = {},
): Tensor {
  if (!(shape === undefined || isSizes(shape))) return tensor(data, undefined, shape);
  checkOptions('tensor', options);
  const nested = !ArrayBuffer.isView(data);
  const nestedDtype = options.dtype ?? (startsWithBoolean(data) ? 'bool' : 'float32');
  const array = nested ? flatten(data, nestedDtype) : data;
  const own = nested ? nestedShape(data) : [array.length];
  const sizes = shape ?? own;
  const dtype = nested ? nestedDtype : (options.dtype ?? dtypeOfArray(array));
  const code = dtypeCode(dtype);
  if (!arrayFits(array, dtype)) throw new TorchError(`tensor: a ${array.constructor.name} cannot hold ${dtype}`);
  checkSizes('tensor', sizes);
  const expected = sizes.reduce((product, size) => product * size, 1);
  if (expected !== array.length) {
    throw new TorchError(
      `tensor: ${array.length} elements do not fill the shape [${sizes.join(', ')}], which has ${expected}`,
    );
  }
  const slot = attempt('tensor', () => native.fromBytes(array, code, checkDevice(options.device), sizes));
  const made = tensorOf(slot);
  if (!made) throw new TorchError('tensor: libtorch returned no tensor');
  return created(made, options);
}

/** Zeros of a shape. Default dtype: float32. @throws TorchError if a size is negative */
export const zeros = (shape: readonly number[], options: CreationOptions = {}): Tensor =>
  create('aten::zeros', [shape], options);

/** Ones of a shape. Default dtype: float32. @throws TorchError if a size is negative */
export const ones = (shape: readonly number[], options: CreationOptions = {}): Tensor =>
  create('aten::ones', [shape], options);

/** A tensor filled with one value. Default dtype: float32. @throws TorchError if a size is negative */
export const full = (shape: readonly number[], value: number, options: CreationOptions = {}): Tensor =>
  create('aten::full', [shape, value], options);

/** Uninitialised memory: fill it before you read it. Default dtype: float32. @throws TorchError if a size is negative */
export const empty = (shape: readonly number[], options: CreationOptions = {}): Tensor =>
  create('aten::empty.memory_format', [shape], options);

/** The identity matrix [rows, columns]: 1 on the main diagonal, 0 elsewhere. Default: as many columns as rows, float32 */
export function eye(rows: number, columns?: number | CreationOptions, options: CreationOptions = {}): Tensor {
  if (typeof columns === 'object') return create('aten::eye.m', [rows, rows], columns);
  return create('aten::eye.m', [rows, columns ?? rows], options);
}

/** `steps` numbers at equal distances from `start` to `end`, both included. Default dtype: float32. */
export const linspace = (start: number, end: number, steps: number, options: CreationOptions = {}): Tensor =>
  create('aten::linspace', [start, end, steps], options);

/** The numbers start, start + step, … below `end`. Defaults: start 0, step 1, float32. @throws TorchError if `step` leads away from `end` */
export function arange(end: number, options?: CreationOptions): Tensor;
export function arange(start: number, end: number, options?: CreationOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: CreationOptions): Tensor;
export function arange(...given: (number | CreationOptions | undefined)[]): Tensor {
  const numbers = given.slice(0, 1 + given.findLastIndex((value) => value !== undefined));
  const last = numbers.at(-1);
  const options = typeof last === 'object' && last !== null ? last : {};
  if (last === options) numbers.pop();
  const [start, end, step = 1] = (numbers.length === 1 ? [0, ...numbers] : numbers) as number[];
  return create('aten::arange.start_step', [start, end, step], options);
}

// In the schemas of these operators dtype, layout and device follow their own arguments.
function create(name: string, inputs: readonly Argument[], options: CreationOptions): Tensor {
  const { dtype = 'float32', device } = checkOptions(name, options);
  return created(callTensor(name, ...inputs, dtype, undefined, checkDevice(device)), options);
}

function checkDevice(device = 'cpu'): string {
  if (!isDevice(device)) throw new TorchError(`expected ${deviceNames} as device, got ${String(device)}`);
  return requireDevice(device);
}

/** @throws TorchError if a size is not a whole number, or below 0 */
export function checkSizes(what: string, sizes: readonly number[]): void {
  if (!Array.isArray(sizes)) throw new TorchError(`${what}: expected a list of sizes, got ${describe(sizes)}`);
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TorchError(`${what}: expected sizes that are whole numbers, at least 0; got [${sizes.join(', ')}]`);
  }
}

const isSizes = (value: readonly number[] | CreationOptions): value is readonly number[] => Array.isArray(value);

const startsWithBoolean = (data: unknown): boolean =>
  Array.isArray(data) ? startsWithBoolean(data[0]) : typeof data === 'boolean';

function nestedShape(data: Nested): number[] {
  if (!Array.isArray(data)) return [];
  const inner = data.length > 0 ? nestedShape(data[0]) : [];
  for (const element of data) {
    const other = nestedShape(element);
    if (other.length !== inner.length || other.some((size, i) => size !== inner[i])) {
      throw new TorchError(
        `tensor: nested arrays must have equal shapes, got [${inner.join(', ')}] and [${other.join(', ')}]`,
      );
    }
  }
  return [data.length, ...inner];
}

function flatten(data: Nested, dtype: Dtype): DataArray {
  const numbers = leaves(data);
  if (dtype === 'float16' || dtype === 'bfloat16')
    throw new TorchError(
      `tensor: numbers do not convert to ${dtype} here; pass a Uint16Array of bits, or use .to('${dtype}')`,
    );
  const array = arrayFor(dtype, numbers.length);
  const range = wholeRange(dtype);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i];
    if (range && !(Number.isInteger(value) && value >= range[0] && value <= range[1]))
      throw new TorchError(`tensor: expected whole numbers from ${range[0]} to ${range[1]} for ${dtype}, got ${value}`);
    if (array instanceof BigInt64Array) array[i] = BigInt(value);
    else array[i] = dtype === 'bool' ? Number(value !== 0) : value;
  }
  return array;
}

function leaves(data: Nested, into: number[] = []): number[] {
  if (typeof data === 'number' || typeof data === 'boolean') into.push(Number(data));
  else if (Array.isArray(data)) for (const element of data) leaves(element, into);
  else throw new TorchError('tensor: expected numbers in the nested arrays, got something else');
  return into;
}
