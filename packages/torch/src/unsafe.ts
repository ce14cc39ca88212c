import type { Argument } from './argument.js';
import { call, placeNamed, type Result } from './operator.js';

/**
 * Calls any operator, also one without a typed method or function. Types are checked against the schema. But some rarely used
 * operators crash libtorch for some values, hence the name.
 */
export const unsafe = {
  /**
   * Calls an operator of libtorch by its schema's name, such as `aten::add.Tensor`.
   * @param inputs  arguments in the order of the schema
   * @param named   more arguments, by their names in the schema
   * @returns the result: a tensor, number, string or list. Several results come as a list; no result is undefined
   * @throws TorchError if the operator is unknown, or an argument does not fit its schema
   */
  call(name: string, inputs: readonly Argument[] = [], named: Readonly<Record<string, Argument>> = {}): Result {
    return call(name, ...placeNamed(name, inputs, named));
  },
};
