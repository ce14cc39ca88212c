import { markAsUntransferable } from 'node:worker_threads';
import { describe, isDevice } from './argument.js';
import { arrayFor, arrayOn, type DataArray, type Dtype, dtypeWidth, isDtype } from './dtype.js';
import { TorchError } from './errors.js';
import { type Device, Handle } from './handle.js';
import { attempt, native } from './native.js';
import { call, callTensor, makeTensorsOf, refuseInTrace, tensorOf } from './operator.js';

/** A tensor, or a number that is broadcast against one. */
export type Operand = Tensor | number;

/** One dimension, several, or (undefined) all. */
export type Dimensions = number | readonly number[] | undefined;

// Operators with one overload for a tensor and one for a number as second operand. The names are built once, because looking
// up a new string at every call costs more than the rest of the call.
const pair = (name: string) => ({ tensor: `aten::${name}.Tensor`, scalar: `aten::${name}.Scalar` });
const [add, sub, mul, div, eq, ne, lt, le, gt, ge] = 'add sub mul div eq ne lt le gt ge'.split(' ').map(pair);
const [add_, sub_, mul_, div_] = ['add_', 'sub_', 'mul_', 'div_'].map(pair);
const pow = { tensor: 'aten::pow.Tensor_Tensor', scalar: 'aten::pow.Tensor_Scalar' };

const binary = (name: ReturnType<typeof pair>, self: Tensor, other: Operand, ...rest: number[]): Tensor =>
  callTensor(other instanceof Handle ? name.tensor : name.scalar, self, other, ...rest);

const list = (dims: Dimensions): readonly number[] | null =>
  dims === undefined ? null : typeof dims === 'number' ? [dims] : dims;

/**
 * A tensor of libtorch. Names are PyTorch's in camelCase; a method without a docstring does what PyTorch's method of the same
 * name does. Tensors are positional and come first; options are an object and come last. A method whose name ends in `_`
 * changes the tensor in place and returns it. Every method throws a TorchError if its arguments do not fit.
 */
export class Tensor extends Handle {
  // ——— data out ———

  /**
   * Copies the elements in row-major order; float16 and bfloat16 as raw bits. Waits for the device.
   * @throws TorchError if the copy does not fit in memory, or inside a trace
   */
  toTypedArray(): DataArray {
    refuseInTrace('toTypedArray', 'a trace cannot record numbers that leave the tensors');
    attempt(`toTypedArray (${this})`, () => native.requireMemory(this.size * dtypeWidth(this.dtype)));
    const array = arrayFor(this.dtype, this.size);
    attempt('toTypedArray', () => native.toBytes(this.slot, array));
    return array;
  }

  /**
   * Shares the tensor's memory as a typed array, for code that a copy slows down too much. The memory lives until the array is
   * collected, even if the tensor is disposed. Tensor and array see each other's writes; autograd does not see them.
   * @throws TorchError if the tensor is not contiguous or not on the CPU, or inside a trace
   */
  shareTypedArray(): DataArray {
    refuseInTrace('shareTypedArray', 'a trace cannot record numbers that leave the tensors');
    if (this.size === 0) return arrayFor(this.dtype, 0);
    return attempt(`shareTypedArray (${this})`, () => {
      const array = arrayOn(this.dtype, native.share(this.slot));
      markAsUntransferable(array.buffer); // the memory must not outlive this thread
      return array;
    });
  }

  /** The number in a tensor of one element. @throws TorchError if it has another number of elements, or inside a trace */
  item(): number {
    refuseInTrace('item', 'a trace cannot record a number that leaves the tensors');
    return attempt('item', () => native.item(this.slot));
  }

  // ——— autograd ———

  /** The gradient that `backward` accumulated here, or null. */
  get grad(): Tensor | null {
    return attempt('grad', () => tensorOf(native.getGrad(this.slot)));
  }

  set grad(grad: Tensor | null) {
    attempt(`grad = ${grad} (of ${this})`, () => native.setGrad(this.slot, grad ? grad.slot : 0));
  }

  /**
   * Adds d this / d leaf to the `grad` of every leaf.
   * @param gradient  weights of the elements, of the shape of this tensor. Default: 1, for a single element only
   * @throws TorchError if the tensor has no graph or needs `gradient`, or inside a trace
   */
  backward(gradient?: Tensor, { retainGraph = false } = {}): void {
    refuseInTrace('backward', 'a trace records a forward pass only');
    attempt(`backward (from ${this})`, () => native.backward([this.slot], [gradient ? gradient.slot : 0], retainGraph));
  }

  /** The same memory without its graph. */
  detach(): Tensor {
    return callTensor('aten::detach', this);
  }

  // ——— element by element ———

  add(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(add, this, other, alpha);
  }
  sub(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(sub, this, other, alpha);
  }
  mul(other: Operand): Tensor {
    return binary(mul, this, other);
  }
  div(other: Operand): Tensor {
    return binary(div, this, other);
  }
  pow(exponent: Operand): Tensor {
    return binary(pow, this, exponent);
  }
  eq(other: Operand): Tensor {
    return binary(eq, this, other);
  }
  ne(other: Operand): Tensor {
    return binary(ne, this, other);
  }
  lt(other: Operand): Tensor {
    return binary(lt, this, other);
  }
  le(other: Operand): Tensor {
    return binary(le, this, other);
  }
  gt(other: Operand): Tensor {
    return binary(gt, this, other);
  }
  ge(other: Operand): Tensor {
    return binary(ge, this, other);
  }
  neg(): Tensor {
    return callTensor('aten::neg', this);
  }
  abs(): Tensor {
    return callTensor('aten::abs', this);
  }
  /** Rounds to the nearest whole number, halves to the even one. */
  round(): Tensor {
    return callTensor('aten::round', this);
  }
  square(): Tensor {
    return callTensor('aten::square', this);
  }
  sqrt(): Tensor {
    return callTensor('aten::sqrt', this);
  }
  rsqrt(): Tensor {
    return callTensor('aten::rsqrt', this);
  }
  exp(): Tensor {
    return callTensor('aten::exp', this);
  }
  log(): Tensor {
    return callTensor('aten::log', this);
  }
  sin(): Tensor {
    return callTensor('aten::sin', this);
  }
  cos(): Tensor {
    return callTensor('aten::cos', this);
  }
  tanh(): Tensor {
    return callTensor('aten::tanh', this);
  }
  sigmoid(): Tensor {
    return callTensor('aten::sigmoid', this);
  }
  relu(): Tensor {
    return callTensor('aten::relu', this);
  }
  silu(): Tensor {
    return callTensor('aten::silu', this);
  }
  /** The exact GELU, x·Φ(x) by erf; `tanh` is its usual approximation. */
  gelu({ approximate = 'none' }: { approximate?: 'none' | 'tanh' } = {}): Tensor {
    return callTensor('aten::gelu', this, approximate);
  }
  /** Limits the elements to [min, max]; null = no limit on that side. */
  clamp(min: number | null, max: number | null): Tensor {
    return callTensor('aten::clamp', this, min, max);
  }
  isfinite(): Tensor {
    return callTensor('aten::isfinite', this);
  }

  // ——— products ———

  matmul(other: Tensor): Tensor {
    return callTensor('aten::matmul', this, other);
  }
  /** [B, n, k] × [B, k, m] → [B, n, m] */
  bmm(other: Tensor): Tensor {
    return callTensor('aten::bmm', this, other);
  }

  // ——— reductions: dims undefined = over all dimensions ———

  sum(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::sum.dim_IntList', this, list(dims), keepdim);
  }
  mean(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::mean.dim', this, list(dims), keepdim);
  }
  amax(dims: Dimensions = [], { keepdim = false } = {}): Tensor {
    return callTensor('aten::amax', this, list(dims), keepdim);
  }
  amin(dims: Dimensions = [], { keepdim = false } = {}): Tensor {
    return callTensor('aten::amin', this, list(dims), keepdim);
  }
  /** Variance; divides by N − correction. */
  var(dims?: Dimensions, { correction = 1, keepdim = false } = {}): Tensor {
    return callTensor('aten::var.correction', this, list(dims), correction, keepdim);
  }
  /** Standard deviation; divides by N − correction. */
  std(dims?: Dimensions, { correction = 1, keepdim = false } = {}): Tensor {
    return callTensor('aten::std.correction', this, list(dims), correction, keepdim);
  }
  /** Euclidean norm. */
  norm(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::linalg_vector_norm', this, 2, list(dims), keepdim);
  }
  argmax(dim?: number, { keepdim = false } = {}): Tensor {
    return callTensor('aten::argmax', this, dim ?? null, keepdim);
  }
  softmax(dim: number): Tensor {
    return callTensor('aten::softmax.int', this, dim);
  }

  // ——— shape: most of these share memory with the original ———

  reshape(shape: readonly number[]): Tensor {
    return callTensor('aten::reshape', this, shape);
  }
  permute(dims: readonly number[]): Tensor {
    return callTensor('aten::permute', this, dims);
  }
  transpose(a: number, b: number): Tensor {
    return callTensor('aten::transpose.int', this, a, b);
  }
  expand(shape: readonly number[]): Tensor {
    return callTensor('aten::expand', this, shape);
  }
  contiguous(): Tensor {
    return callTensor('aten::contiguous', this);
  }
  unsqueeze(dim: number): Tensor {
    return callTensor('aten::unsqueeze', this, dim);
  }
  squeeze(dim: number): Tensor {
    return callTensor('aten::squeeze.dim', this, dim);
  }
  flatten(start = 0, end = -1): Tensor {
    return callTensor('aten::flatten.using_ints', this, start, end);
  }
  /** `length` elements of a dimension, from `start` on. */
  narrow(dim: number, start: number, length: number): Tensor {
    return callTensor('aten::narrow', this, dim, start, length);
  }
  select(dim: number, index: number): Tensor {
    return callTensor('aten::select.int', this, dim, index);
  }
  slice(dim: number, start: number | null = null, end: number | null = null, step = 1): Tensor {
    return callTensor('aten::slice.Tensor', this, dim, start, end, step);
  }
  indexSelect(dim: number, index: Tensor): Tensor {
    return callTensor('aten::index_select', this, dim, index);
  }
  /** Parts of `size` elements along a dimension; the last one may be smaller. */
  split(size: number, dim = 0): Tensor[] {
    return call('aten::split.Tensor', this, size, dim) as Tensor[];
  }
  chunk(count: number, dim = 0): Tensor[] {
    return call('aten::chunk', this, count, dim) as Tensor[];
  }
  unbind(dim = 0): Tensor[] {
    return call('aten::unbind.int', this, dim) as Tensor[];
  }

  // ——— type and place ———

  /** Converts to another dtype or device. If nothing changes, the result is a new handle of the same tensor. */
  to(target: Dtype | Device): Tensor {
    if (isDtype(target)) return callTensor('aten::to.dtype', this, target);
    if (!isDevice(target)) throw new TorchError(`to: expected a dtype or a device, got ${describe(target)}`);
    return callTensor('aten::to.dtype_layout', this, undefined, undefined, target);
  }
  float(): Tensor {
    return this.to('float32');
  }
  clone(): Tensor {
    return callTensor('aten::clone', this);
  }

  // ——— in place: return this tensor ———

  add_(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(add_, this, other, alpha);
  }
  sub_(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(sub_, this, other, alpha);
  }
  mul_(other: Operand): Tensor {
    return binary(mul_, this, other);
  }
  div_(other: Operand): Tensor {
    return binary(div_, this, other);
  }
  copy_(source: Tensor): Tensor {
    return callTensor('aten::copy_', this, source);
  }
  zero_(): Tensor {
    return callTensor('aten::zero_', this);
  }
  fill_(value: number): Tensor {
    return callTensor('aten::fill_.Scalar', this, value);
  }
  clamp_(min: number | null, max: number | null): Tensor {
    return callTensor('aten::clamp_', this, min, max);
  }
  sqrt_(): Tensor {
    return callTensor('aten::sqrt_', this);
  }
  /** this + weight·(end − this) */
  lerp_(end: Tensor, weight: number): Tensor {
    return callTensor('aten::lerp_.Scalar', this, end, weight);
  }
  /** this + value·a·b */
  addcmul_(a: Tensor, b: Tensor, { value = 1 } = {}): Tensor {
    return callTensor('aten::addcmul_', this, a, b, value);
  }
  /** this + value·a/b */
  addcdiv_(a: Tensor, b: Tensor, { value = 1 } = {}): Tensor {
    return callTensor('aten::addcdiv_', this, a, b, value);
  }
}

makeTensorsOf(Tensor);
