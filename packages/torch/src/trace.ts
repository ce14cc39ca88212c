import type { Argument } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { callTensor, observe, type Result } from './operator.js';
import { defaultsOf, operator } from './schema.js';
import { keep, refusePromise } from './scope.js';
import type { Tensor } from './tensor.js';

/** A tensor in a trace: its number (the order of appearance) and what it is. */
export interface TracedTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** A tensor, or a plain value, or a list of them. */
export type TracedValue = TracedTensor | number | bigint | boolean | string | null | undefined | TracedValue[];

/** One call of an operator. */
export interface TracedCall {
  /** Schema name, such as `aten::linear`. */
  readonly operator: string;
  /** All arguments in schema order; an argument that was left out has its default. */
  readonly inputs: readonly TracedValue[];
  /** The name of each argument in the schema. */
  readonly names: readonly string[];
  readonly outputs: readonly TracedValue[];
}

/** The record of a forward pass, and what it returned. */
export interface Trace<T> extends Disposable {
  /** in the order in which they were made */
  readonly calls: readonly TracedCall[];
  /** what `body` returned */
  readonly result: T;
  /** The number in the record of a tensor that took part, by which inputs, parameters and results are found again. */
  readonly idOf: (tensor: Tensor) => number | undefined;
  /**
   * The tensors that took part but that no recorded call made, by number: inputs, parameters, constants. They share the memory
   * of those that were seen, so a later change in place shows. They live until the trace is disposed, or collected, even if the
   * pass has disposed its own.
   */
  readonly captured: ReadonlyMap<number, Tensor>;
  /** Frees the captured tensors; doing so twice is harmless. */
  dispose(): void;
}

/**
 * Records every operator of a forward pass: name, arguments, outputs, shapes.
 * @throws TorchError at an in-place operator, at numbers that leave the tensors (`item()` and the like), and at `backward` or
 *     `gradients`: the record would not say what happened; and if `body` returns a promise
 */
export function trace<T>(body: () => T): Trace<T> {
  const record = new Recorder();
  const before = observe(({ operator: name, inputs, outputs }) => record.add(name, inputs, outputs));
  try {
    const result = body();
    refusePromise('trace', result, 'what comes after an await would not be recorded');
    const { calls, captured } = record;
    const dispose = () => record.dispose();
    return { calls, result, idOf: (tensor) => record.idOf(tensor), captured, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    record.dispose();
    throw error;
  } finally {
    observe(before);
  }
}

class Recorder {
  readonly calls: TracedCall[] = [];
  readonly captured = new Map<number, Tensor>();
  readonly #ids = new Map<Handle, number>();

  add(name: string, inputs: readonly Argument[], outputs: readonly Result[]): void {
    const { parameters } = operator(name);
    const all =
      inputs.length === parameters.length && !inputs.includes(undefined) ? inputs : withDefaults(name, inputs);
    this.calls.push({
      operator: name,
      inputs: all.map((value) => this.#traced(value, true)),
      names: parameters.map((parameter) => parameter.name),
      outputs: outputs.map((value) => this.#traced(value, false)),
    });
  }

  idOf(tensor: Handle): number | undefined {
    return this.#ids.get(tensor);
  }

  dispose(): void {
    for (const tensor of this.captured.values()) tensor.dispose();
  }

  /** @param isInput of a call, whose tensors were made before it */
  #traced(value: Argument | Result, isInput: boolean): TracedValue {
    if (Array.isArray(value)) return value.map((each: Argument | Result) => this.#traced(each, isInput));
    if (!(value instanceof Handle)) return value as TracedValue;
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(value, id);
      if (isInput) this.captured.set(id, sharing(value));
    }
    return { id, shape: value.shape, dtype: value.dtype };
  }
}

/** Another handle of the same memory, which belongs to no scope; not recorded. */
function sharing(handle: Handle): Tensor {
  const before = observe(null);
  try {
    return keep(callTensor('aten::detach', handle));
  } finally {
    observe(before);
  }
}

function withDefaults(name: string, inputs: readonly Argument[]): readonly Argument[] {
  return defaultsOf(operator(name)).map((value, i) => (inputs[i] === undefined ? value : inputs[i]));
}

/**
 * Where the batch is in each tensor of a pass: the axis, by number, whose size differs between two traces of the same pass.
 * Trace it with 2 and with 3 samples. A batch of 1 would not do, since an axis of 1 is also one that is broadcast. A tensor that
 * has no such axis (a parameter, a constant) is left out. The batch may be a factor of the axis, as in [B·heads, n, d].
 * @throws TorchError if the traces are not of the same calls, or a tensor has two axes that differ
 */
export function batchAxes(first: Trace<unknown>, second: Trace<unknown>): ReadonlyMap<number, number> {
  const fail = (what: string): never => {
    throw new TorchError(`batchAxes: ${what}; trace one pass twice, with 2 and with 3 samples`);
  };
  if (first.calls.length !== second.calls.length)
    fail(`the traces have ${first.calls.length} and ${second.calls.length} calls`);
  const axes = new Map<number, number>();
  for (const [i, call] of first.calls.entries()) {
    const other = second.calls[i];
    if (call.operator !== other.operator) fail(`call ${i} is ${call.operator} and ${other.operator}`);
    const [tensors, others] = [tensorsOf(call), tensorsOf(other)];
    if (tensors.length !== others.length) fail(`call ${i}, ${call.operator}, has other tensors`);
    for (const [k, { id, shape }] of tensors.entries()) {
      const there = others[k];
      if (there.id !== id || there.shape.length !== shape.length)
        fail(`call ${i}, ${call.operator}, has other tensors`);
      const differing = shape.flatMap((size, axis) => (size === there.shape[axis] ? [] : [axis]));
      if (differing.length > 1)
        fail(`tensor ${id} of call ${i}, ${call.operator}, is [${shape.join(', ')}] and [${there.shape.join(', ')}]`);
      if (differing.length === 1) axes.set(id, differing[0]);
    }
  }
  return axes;
}

/** Every tensor of a call, arguments first; those in lists too. */
const tensorsOf = ({ inputs, outputs }: TracedCall): TracedTensor[] =>
  [...inputs, ...outputs].flatMap((value) => (Array.isArray(value) ? value : [value])).filter(isTraced);

const isTraced = (value: TracedValue): value is TracedTensor =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
