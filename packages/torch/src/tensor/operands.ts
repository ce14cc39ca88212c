import { type Argument, describe } from '../argument.js';
import { TorchError } from '../errors.js';
import { Handle } from '../handle.js';
import { call, callTensor } from '../operator.js';
import type { Tensor } from '../tensor.js';

/** A tensor, or a number that is broadcast against one. */
export type Operand = Tensor | number;

/** One dimension, several, or (undefined) all. */
export type Dimensions = number | readonly number[] | undefined;

/** Values of a tensor, and the places (int64) where they were found along a dimension. */
export interface Found {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** The overloads of an operator for a tensor and for a number as second operand. */
export interface Overloads {
  readonly tensor: string;
  readonly scalar: string;
}

// Names are built once, because looking up a new string at every call costs more than the rest of the call.
export const overloads = (name: string): Overloads => ({
  tensor: `aten::${name}.Tensor`,
  scalar: `aten::${name}.Scalar`,
});

export const binary = (name: Overloads, self: Handle, other: Operand, ...rest: number[]): Tensor =>
  callTensor(other instanceof Handle ? name.tensor : name.scalar, self, other, ...rest);

export const list = (dims: Dimensions): readonly number[] | null =>
  dims === undefined ? null : typeof dims === 'number' ? [dims] : dims;

/** Calls an operator that returns values and indices. */
export function find(name: string, ...inputs: Argument[]): Found {
  const [values, indices] = call(name, ...inputs) as [Tensor, Tensor];
  return { values, indices };
}

/** The entry of a table with the given name. @throws TorchError if there is none; the message lists the names */
export function choice<T>(what: string, table: Readonly<Record<string, T>>, name: unknown): T {
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name];
  throw new TorchError(`${what} must be ${Object.keys(table).join(', ')}, got ${describe(name)}`);
}
