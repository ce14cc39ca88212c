import type { Argument } from './argument.js';
import { Handle } from './handle.js';
import { observe, type Result } from './operator.js';
import { refusePromise } from './scope.js';
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
  readonly inputs: readonly TracedValue[];
  readonly outputs: readonly TracedValue[];
}

/** The record of a forward pass, and what it returned. */
export interface Trace<T> {
  /** in the order in which they were made */
  readonly calls: readonly TracedCall[];
  /** what `body` returned */
  readonly result: T;
  /** The number in the record of a tensor that took part, by which inputs, parameters and results are found again. */
  readonly idOf: (tensor: Tensor) => number | undefined;
}

/**
 * Records every operator of a forward pass: name, inputs, outputs, shapes.
 * @throws TorchError at an in-place operator, at numbers that leave the tensors (`item()` and the like), and at `backward` or
 *     `gradients`: the record would not say what happened; and if `body` returns a promise
 */
export function trace<T>(body: () => T): Trace<T> {
  const calls: TracedCall[] = [];
  const ids = new Map<Handle, number>();
  const traced = (value: Argument | Result): TracedValue => {
    if (value instanceof Handle) {
      const id = ids.get(value) ?? ids.size;
      ids.set(value, id);
      return { id, shape: value.shape, dtype: value.dtype };
    }
    return Array.isArray(value) ? value.map(traced) : (value as TracedValue);
  };
  const before = observe(({ operator, inputs, outputs }) =>
    calls.push({ operator, inputs: inputs.map(traced), outputs: outputs.map(traced) }),
  );
  try {
    const result = body();
    refusePromise('trace', result, 'what comes after an await would not be recorded');
    return { calls, result, idOf: (tensor) => ids.get(tensor) };
  } finally {
    observe(before);
  }
}
