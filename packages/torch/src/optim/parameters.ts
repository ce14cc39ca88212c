import { describe } from '../argument.js';
import { TorchError } from '../errors.js';
import { Module } from '../module.js';
import { Tensor } from '../tensor.js';

/** Tensors by name. */
export type Named = Readonly<Record<string, Tensor>>;

/** Chooses parameters by name and shape. */
export type Choice = (name: string, parameter: Tensor) => boolean;

/**
 * The parameters of a module, or the given ones. A tensor with several names (tied weights) stands there once, under its first
 * name: a step must move it once.
 * @throws TorchError if there are none, or one of them is no tensor
 */
export function parametersOf(what: string, given: Module | Named): Named {
  const named = given instanceof Module ? given.parameters() : given;
  if (typeof named !== 'object' || named === null || Array.isArray(named))
    throw new TorchError(`${what}: expected a module or an object of parameters by name, got ${describe(named)}`);
  const entries = Object.entries(named);
  if (entries.length === 0) throw new TorchError(`${what}: there are no parameters`);
  for (const [name, parameter] of entries)
    if (!(parameter instanceof Tensor))
      throw new TorchError(`${what}: ${name} must be a tensor, got ${describe(parameter)}`);
  const firstNames = new Map([...entries].reverse().map(([name, parameter]) => [parameter, name]));
  return Object.fromEntries(entries.filter(([name, parameter]) => firstNames.get(parameter) === name));
}

/** The elements at some indices. */
export const pick = <T>(list: readonly T[], indices: readonly number[]): T[] => indices.map((index) => list[index]);
