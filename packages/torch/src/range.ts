import { describe } from './argument.js';
import { TorchError } from './errors.js';

/** The numbers that an argument may be, and how an error message says it. */
interface Range {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

export const notNegative: Range = {
  holds: (value) => value >= 0 && Number.isFinite(value),
  words: 'a number, at least 0',
};
export const positive: Range = { holds: (value) => value > 0 && Number.isFinite(value), words: 'a number above 0' };
export const share: Range = { holds: (value) => value >= 0 && value < 1, words: 'a number, at least 0 and below 1' };
export const count: Range = {
  holds: (value) => Number.isSafeInteger(value) && value >= 1,
  words: 'a whole number, at least 1',
};

/** Whole numbers from 0 to `end` − 1. */
export const whole = (end: number): Range => ({
  holds: (value) => Number.isInteger(value) && value >= 0 && value < end,
  words: `a whole number from 0 to ${end - 1}`,
});

/** Returns an argument. @throws TorchError if it is outside its range */
export function checked(what: string, value: number, { holds, words }: Range): number {
  if (typeof value === 'number' && holds(value)) return value;
  throw new TorchError(`${what} must be ${words}; got ${describe(value)}`);
}
