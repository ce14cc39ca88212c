import { markAsUntransferable } from 'node:worker_threads';
import { describe, isDevice } from './argument.js';
import { arrayFor, arrayOn, type DataArray, type Dtype, isDtype } from './dtype.js';
import { elementsOf } from './elements.js';
import { TorchError } from './errors.js';
import type { Device } from './handle.js';
import { attempt, native } from './native.js';
import { type NestedList, nestedList } from './nestedList.js';
import { callTensor, makeTensorsWith, refuseInTrace, tensorOf } from './operator.js';
import { print } from './print.js';
import { InPlace } from './tensor/inPlace.js';

/**
 * A tensor of libtorch. Names are PyTorch's in camelCase. Tensors are positional and come first; options are an object and come
 * last. A method whose name ends in `_` changes the tensor in place and returns it. Every method throws a TorchError if its
 * arguments do not fit.
 *
 * `console.log(x)` prints the values as PyTorch does; more than 1,000 elements are shortened. `for (const row of x)` goes over
 * the first dimension. `JSON.stringify(x)` gives nested arrays, with null for NaN and infinite numbers.
 */
export class Tensor extends InPlace {
  static {
    makeTensorsWith((slot) => new Tensor(slot));
  }

  /**
   * Copies the elements in row-major order; float16 and bfloat16 as raw bits. Waits for the device.
   * @throws TorchError if the copy does not fit in memory, or inside a trace
   */
  toTypedArray(): DataArray {
    refuseInTrace('toTypedArray', 'a trace cannot record numbers that leave the tensors');
    return elementsOf(this);
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

  /**
   * The elements as nested arrays, one level for each dimension; a tensor without dimensions gives its element. Every dtype
   * gives numbers, also float16, bfloat16 and int64; bool gives booleans.
   * @throws TorchError if an int64 is beyond ±(2⁵³ − 1), which a number cannot hold exactly
   * @throws TorchError if the arrays do not fit in JavaScript's heap, or inside a trace
   */
  tolist(): NestedList {
    refuseInTrace('tolist', 'a trace cannot record numbers that leave the tensors');
    return nestedList(this);
  }

  /** For `JSON.stringify`: the same as `tolist()`. JSON has no NaN or infinity, so they become null. */
  toJSON(): NestedList {
    return this.tolist();
  }

  /**
   * Goes over the first dimension. Each row is a view. It is made when the loop reaches it, and belongs to the scope around the
   * loop.
   * @throws TorchError if the tensor has no dimensions
   */
  *[Symbol.iterator](): Generator<Tensor, void, undefined> {
    if (this.shape.length === 0)
      throw new TorchError(`a tensor without dimensions has no rows (${describe(this)}); item() returns its number`);
    for (let i = 0, rows = this.shape[0]; i < rows; i++) yield this.select(0, i);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth: number): string {
    return depth < 0 ? this.toString() : print(this);
  }

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

  /** Converts to another dtype or device. If nothing changes, the result is a new handle of the same tensor. */
  to(target: Dtype | Device): Tensor {
    if (isDtype(target)) return callTensor('aten::to.dtype', this, target);
    if (!isDevice(target)) throw new TorchError(`to: expected a dtype or a device, got ${describe(target)}`);
    return callTensor('aten::to.dtype_layout', this, undefined, undefined, target);
  }
  /** Converts to float32. */
  float(): Tensor {
    return this.to('float32');
  }
  /** Converts to float64. */
  double(): Tensor {
    return this.to('float64');
  }
  /** Converts to int64; fractions are cut off towards 0. */
  long(): Tensor {
    return this.to('int64');
  }
  /** A copy in memory of its own. Gradients flow through it. */
  clone(): Tensor {
    return callTensor('aten::clone', this);
  }
}
