import type { Argument } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { labelled } from './labels.js';
import type { Module } from './module.js';
import { callTensor, observe, type Result, unobserved } from './operator.js';
import { defaultsOf, operator } from './schema.js';
import { keep, refusePromise } from './scope.js';
import type { Tensor } from './tensor.js';

/** A tensor in a trace. Its number counts tensors in the order of their appearance. */
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
  /** All arguments in the order of the schema; an argument that was left out has its default. */
  readonly inputs: readonly TracedValue[];
  /** The name of each argument in the schema. */
  readonly names: readonly string[];
  readonly outputs: readonly TracedValue[];
  /**
   * Path of the module that made the call, such as `blocks.0.read.attention`: what the names of its parameters begin with.
   * Empty for the root itself, outside of its methods, and in a trace without a root.
   */
  readonly module: string;
}

/** Options of `trace`. */
export interface TraceOptions {
  /** The network. Each call then gets the path of the part whose method made it. */
  readonly root?: Module;
}

/** The record of a forward pass, and what it returned. */
export interface Trace<T> extends Disposable {
  /** in the order of the calls */
  readonly calls: readonly TracedCall[];
  /** the result of `body` */
  readonly result: T;
  /** The number of a tensor in the trace: finds inputs, parameters and results again. Undefined if it took no part. */
  readonly idOf: (tensor: Tensor) => number | undefined;
  /**
   * Tensors that no recorded call made, by number: inputs, parameters, constants. They share the memory of the originals, so
   * they show later changes in place. They live until the trace is disposed or collected, even if the pass disposed the
   * originals.
   */
  readonly captured: ReadonlyMap<number, Tensor>;
  /** Frees the captured tensors. A second call does nothing. */
  dispose(): void;
}

/**
 * Records every operator of a forward pass: name, arguments, outputs, shapes, and with `root` the module that made the call.
 *
 *     using pass = trace(() => noGrad(() => network.forward(x)), { root: network });
 *     for (const { module, operator, names, inputs, outputs } of pass.calls) …
 *
 * @throws TorchError if `body` returns a promise, changes a tensor in place, reads numbers from a tensor (such as `item()`), or
 *     calls `backward` or `gradients`
 */
export function trace<T>(body: () => T, { root }: TraceOptions = {}): Trace<T> {
  const record = new Recorder();
  const [run, module] = root ? labelled(root, body) : [body, () => ''];
  const before = observe(({ operator: name, inputs, outputs }) => record.add(name, inputs, outputs, module()));
  try {
    const result = run();
    refusePromise('trace', result, 'calls after an await would not be recorded');
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

  add(name: string, inputs: readonly Argument[], outputs: readonly Result[], module: string): void {
    const { parameters } = operator(name);
    const all =
      inputs.length === parameters.length && !inputs.includes(undefined) ? inputs : withDefaults(name, inputs);
    this.calls.push({
      operator: name,
      inputs: all.map((value) => this.#traced(value, true)),
      names: parameters.map((parameter) => parameter.name),
      outputs: outputs.map((value) => this.#traced(value, false)),
      module,
    });
  }

  idOf(tensor: Handle): number | undefined {
    return this.#ids.get(tensor);
  }

  dispose(): void {
    for (const tensor of this.captured.values()) tensor.dispose();
  }

  /** @param isInput  whether the value is an argument, whose tensors existed before the call */
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

/** Another handle of the same memory. It belongs to no scope and is not recorded. */
const sharing = (handle: Handle): Tensor => unobserved(() => keep(callTensor('aten::detach', handle)));

function withDefaults(name: string, inputs: readonly Argument[]): readonly Argument[] {
  return defaultsOf(operator(name)).map((value, i) => (inputs[i] === undefined ? value : inputs[i]));
}

/**
 * Finds the batch axis of each tensor of a pass: the axis whose size differs between two traces of the same pass. Trace the
 * pass with 2 and with 3 samples. A batch of 1 does not work, because an axis of size 1 may also be broadcast. The batch may be
 * a factor of the axis, as in [B·heads, n, d].
 * @returns the axis by number of the tensor; tensors without such an axis (parameters, constants) are left out
 * @throws TorchError if the traces have different calls, or a tensor has two axes that differ
 */
export function batchAxes(first: Trace<unknown>, second: Trace<unknown>): ReadonlyMap<number, number> {
  const fail = (what: string): never => {
    throw new TorchError(`batchAxes: ${what}; trace the same pass with 2 and with 3 samples`);
  };
  if (first.calls.length !== second.calls.length)
    fail(`the traces have ${first.calls.length} and ${second.calls.length} calls`);
  const axes = new Map<number, number>();
  for (const [i, call] of first.calls.entries()) {
    const other = second.calls[i];
    if (call.operator !== other.operator)
      fail(`call ${i} is ${call.operator} in one trace and ${other.operator} in the other`);
    const [tensors, others] = [tensorsOf(call), tensorsOf(other)];
    if (tensors.length !== others.length) fail(`call ${i}, ${call.operator}, has different tensors in the two traces`);
    for (const [k, { id, shape }] of tensors.entries()) {
      const there = others[k];
      if (there.id !== id || there.shape.length !== shape.length)
        fail(`call ${i}, ${call.operator}, has different tensors in the two traces`);
      const differing = shape.flatMap((size, axis) => (size === there.shape[axis] ? [] : [axis]));
      if (differing.length > 1)
        fail(`tensor ${id} of call ${i}, ${call.operator}, is [${shape.join(', ')}] and [${there.shape.join(', ')}]`);
      if (differing.length === 1) axes.set(id, differing[0]);
    }
  }
  return axes;
}

/** Every tensor of a call, arguments first, lists included. */
const tensorsOf = ({ inputs, outputs }: TracedCall): TracedTensor[] =>
  [...inputs, ...outputs].flatMap((value) => (Array.isArray(value) ? value : [value])).filter(isTraced);

const isTraced = (value: TracedValue): value is TracedTensor =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
