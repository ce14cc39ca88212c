import { RinError } from '@rin/core';
import type { Dataset } from './dataset.js';

/** Zeros for the condition sequences of a batch, [batch, s, d_c]; undefined if the data have none. */
export function sequencesFor({ conditionShape }: Dataset, batch: number): Float32Array | undefined {
  return conditionShape && new Float32Array(batch * conditionShape[0] * conditionShape[1]);
}

/** Copies the condition sequence of a sample to place `at` of a batch. A sample without one keeps zeros, as in the network. */
export function setSequence(batch: Float32Array, at: number, data: Dataset, index: number): void {
  const sequence = data.condition?.(index);
  if (sequence) batch.set(sequence, at * sequence.length);
}

/** @param where begins the message @throws RinError if it has not s × d_c numbers, or one that is not finite */
export function checkSequence(
  given: Float32Array,
  [tokens, channels]: readonly [tokens: number, channels: number],
  where: string,
): void {
  if (given.length !== tokens * channels)
    throw new RinError(`${where} has ${given.length} numbers; expected ${tokens * channels}, ${tokens} × ${channels}`);
  const wrong = given.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new RinError(`${where} has ${given[wrong]} at ${wrong}; expected finite numbers`);
}
