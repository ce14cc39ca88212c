import { RinError } from '@rin/core';
import { type Tensor, tensor } from '@rin/torch';
import { checkSequence } from '../data/sequences.js';
import type { RIN } from '../model/rin.js';
import { oneHot } from './oneHot.js';

/** What samples are conditioned on: their classes, or a sequence of embeddings for each. */
export interface Conditions {
  /** class of each sample, −1 = none */
  readonly labels: ArrayLike<number>;
  /** [B, s, d_c], for a network that takes sequences; absent = none */
  readonly sequences?: Float32Array;
}

/**
 * The condition of a batch for the network: classes one-hot [B, classes], or sequences [B, s, d_c], float32. Zeros stand for no
 * condition.
 * @param isDropped  whether a sample goes without its condition
 * @returns          null if the network takes no condition, or takes sequences and there are none
 */
export function conditionOf(
  rin: Pick<RIN, 'sample' | 'device'>,
  { labels, sequences }: Conditions,
  isDropped: (index: number) => boolean = () => false,
): Tensor | null {
  const { sequence } = rin.sample;
  if (!sequence)
    return oneHot(
      rin,
      Array.from(labels, (label, i) => (isDropped(i) ? -1 : label)),
    );
  if (!sequences) return null;
  const kept = sequences.slice();
  const length = sequence[0] * sequence[1];
  for (let i = 0; i < labels.length; i++) if (isDropped(i)) kept.fill(0, i * length, (i + 1) * length);
  return tensor(kept, [labels.length, ...sequence], { device: rin.device });
}

/**
 * The sequences of samples, one after the other, for a program's `conditions`, which are repeated over the samples.
 * @param given  one or more sequences of s·d_c numbers; null = no condition
 * @returns      undefined if there are none
 * @throws RinError if the network takes no sequences, or one has another length or a number that is not finite
 */
export function sequencesOf(
  { sequence }: RIN['sample'],
  given: readonly (Float32Array | null)[] | undefined,
  samples: number,
): Float32Array | undefined {
  if (given === undefined) return undefined;
  if (!sequence) throw new RinError('conditions: this model takes no sequences as condition; leave them out');
  if (given.length === 0) throw new RinError('conditions is empty; expected at least one, or leave it out');
  const length = sequence[0] * sequence[1];
  for (const [i, each] of given.entries()) if (each) checkSequence(each, sequence, `conditions: sequence ${i}`);
  const all = new Float32Array(samples * length);
  for (let i = 0; i < samples; i++) {
    const each = given[i % given.length];
    if (each) all.set(each, i * length);
  }
  return all;
}
