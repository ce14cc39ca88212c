import type { Argument } from './argument.js';
import { call, placeNamed, type Result } from './operator.js';

/**
 * The door to every operator that has no typed method or function. Types are checked against the schema, as everywhere;
 * but libtorch itself may not survive every value of a rarely used operator, hence the name.
 */
export const unsafe = {
  /**
   * Any operator of libtorch by its schema's name, such as `aten::add.Tensor`: arguments in schema order, then by name.
   * @returns a tensor, number, string or list; a list of several results; undefined for none
   * @throws TorchError if there is no such operator, or an argument is not what its schema says
   */
  call(name: string, inputs: readonly Argument[] = [], named: Readonly<Record<string, Argument>> = {}): Result {
    return call(name, ...placeNamed(name, inputs, named));
  },
};
