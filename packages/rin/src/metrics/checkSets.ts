import { countOf, RinError } from '@rin/core';
import type { Features } from './features.js';

/** Options of the measures that compare all pairs of two sets. They take time in proportion to the product of the counts. */
export interface PairOptions {
  /** if it is aborted, the comparison rejects with its reason */
  readonly signal?: AbortSignal;
}

/**
 * Checks two sets before they are compared.
 * @param what   the measure, for the message
 * @param least  fewest samples of each set
 * @throws RinError if a set has too few samples, or if their vectors have different lengths
 */
export function checkSets(what: string, least: number, sets: readonly Features[]): void {
  for (const { count, width, values } of sets) {
    if (count < least)
      throw new RinError(`${what}: a set has ${countOf(count, 'sample')}; expected at least ${least} in each set`);
    if (values.length !== count * width)
      throw new RinError(
        `${what}: ${values.length} values are not the features of ${count} samples with ${width} each; give count × width values`,
      );
  }
  const [a, b = a] = sets;
  if (a.width !== b.width)
    throw new RinError(
      `${what}: the features of a sample are ${a.width} numbers in one set and ${b.width} in the other; use one detector for both`,
    );
}
