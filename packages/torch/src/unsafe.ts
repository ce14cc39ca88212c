import type { Argument } from './argument.js';
import { call as callOperator, placeNamed, type Result } from './operator.js';

/**
 * Any operator of libtorch by its schema's name, such as `aten::add.Tensor`: arguments in schema order, then by name.
 * Types are checked against the schema, as everywhere; but libtorch itself may not survive every value of a rarely used
 * operator, hence the name.
 * @returns a tensor, number, string or list; a list of several results; undefined for none
 */
function call(name: string, inputs: readonly Argument[] = [], named: Readonly<Record<string, Argument>> = {}): Result {
  return callOperator(name, ...placeNamed(name, inputs, named));
}

export const unsafe = { call };
