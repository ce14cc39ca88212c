import { describe } from './argument.js';
import { TorchError } from './errors.js';

/** Checks that a value is a whole number from 0 to `end` − 1. @throws TorchError if it is not */
export function checkWhole(what: string, value: number, end: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= end)
    throw new TorchError(`${what} must be a whole number from 0 to ${end - 1}, got ${describe(value)}`);
}
