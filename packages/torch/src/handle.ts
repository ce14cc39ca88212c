import { type Dtype, dtypeName } from './dtype.js';
import { TorchError } from './errors.js';
import { attempt, native, type Slot } from './native.js';
import type { Frame } from './scope.js';

/** The error message for the use of a disposed tensor. */
export const wasDisposed =
  'the tensor was disposed; a scope frees the tensors that are made in it, except those that it returns and those in keep()';

const unknownShape: readonly number[] = [];

// Two handles may share one tensor. An in-place operator on one handle may change the shape, dtype or device that the other
// has cached. So every handle reads its description again after such a call.
let changes = 0;

/** Is called before an operator changes a tensor in place. */
export function forgetDescriptions(): void {
  changes++;
}

// The garbage collector releases tensors that no scope owns.
const collector = new FinalizationRegistry<Slot>((slot) => native.release(slot));

/** libtorch's number of MPS among the types of devices. */
const mpsType = 13;

/** The device of a tensor. */
export type Device = 'cpu' | 'mps' | `cuda${string}`;

/** One tensor in the addon: its lifetime, shape, dtype and device. `Tensor` adds the operators. */
export class Handle {
  /** The scope that frees it; null = the garbage collector. @internal */
  owner: Frame | null = null;
  #slot: Slot;
  #collected = false;
  #describedAt = -1;
  #shape = unknownShape;
  #dtype: Dtype = 'float32';
  #device: Device = 'cpu';

  protected constructor(slot: Slot) {
    this.#slot = slot;
  }

  /** The number of its slot in the addon. @throws TorchError if it was disposed @internal */
  get slot(): Slot {
    if (this.#slot === 0) throw new TorchError(wasDisposed);
    return this.#slot;
  }

  /** Whether it was disposed. A disposed tensor cannot be used. */
  get disposed(): boolean {
    return this.#slot === 0;
  }

  /** Frees its memory now, unless a view or a graph still needs it. A second call does nothing. */
  dispose(): void {
    if (this.#slot === 0) return;
    native.release(this.#slot);
    if (this.#collected) collector.unregister(this);
    this.#slot = 0;
    this.#describedAt = -1;
  }

  /** Calls `dispose()` at the end of a block that declares the tensor with `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** For `scope` and `keep`: from now on only the garbage collector or `dispose()` frees it. @internal */
  leaveToCollector(): void {
    const { slot } = this;
    if (this.#collected) return;
    this.#collected = true;
    collector.register(this, slot, this);
  }

  /** Sizes by dimension; [] is a single number. */
  get shape(): readonly number[] {
    this.#describe();
    return this.#shape;
  }

  /** The type of its elements. */
  get dtype(): Dtype {
    this.#describe();
    return this.#dtype;
  }

  /** `cpu`, `cuda:N` or `mps`. */
  get device(): Device {
    this.#describe();
    return this.#device;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** Whether gradients are recorded. `backward` fills `grad` of leaves that require gradients. */
  get requiresGrad(): boolean {
    attempt('requiresGrad', () => native.describe(this.slot));
    return native.description[3] !== 0;
  }

  set requiresGrad(required: boolean) {
    attempt('requiresGrad', () => native.setRequiresGrad(this.slot, required));
  }

  #describe(): void {
    if (this.#describedAt === changes) return;
    attempt('shape', () => native.describe(this.slot));
    const [code, type, index, , dimensions] = native.description;
    this.#dtype = dtypeName(code);
    this.#device = type === 0 ? 'cpu' : type === mpsType ? 'mps' : `cuda:${Math.max(index, 0)}`;
    this.#shape = Object.freeze(Array.from(native.description.subarray(5, 5 + dimensions)));
    this.#describedAt = changes;
  }

  /** Shape, dtype and device, for messages. `console.log` prints the values. */
  toString(): string {
    return this.disposed ? 'Tensor (disposed)' : `Tensor [${this.shape.join(', ')}] ${this.dtype} ${this.device}`;
  }
}
