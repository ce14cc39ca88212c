import { checkSets, type PairOptions } from './checkSets.js';
import { distanceBlocks, neighbourRadii } from './distances.js';
import { type Features, remembered } from './features.js';

/** Precision and recall, each from 0 to 1. */
export interface PrecisionRecall {
  /** share of the samples that lie where the reference is */
  readonly precision: number;
  /** share of the reference that lies where the samples are */
  readonly recall: number;
}

/** The neighbour whose distance is the radius, k = 3 as in the paper. */
export const recallNeighbours = 3;

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019, eqs. 1 and 2). Each sample of a set has a ball that reaches to its
 * k-th nearest other sample of the same set. Precision is the share of the samples that lie in a ball of the reference; recall
 * is the share of the reference that lies in a ball of the samples. k is 3.
 * @throws RinError if a set has 3 samples or fewer, or if the lengths of their vectors differ
 * @throws the reason of `signal` if it is aborted
 */
export async function precisionRecall(
  samples: Features,
  reference: Features,
  { signal }: PairOptions = {},
): Promise<PrecisionRecall> {
  checkSets('precision and recall', recallNeighbours + 1, [samples, reference]);
  const [ofSamples, ofReference] = [await radii(samples, signal), await radii(reference, signal)];
  const [precise, recalled] = [new Uint8Array(samples.count), new Uint8Array(reference.count)];
  for await (const { firstX, firstY, squares } of distanceBlocks(samples, reference, signal)) {
    const [rows, columns] = squares.shape;
    const all = squares.toTypedArray() as Float64Array;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const square = all[i * columns + j];
        if (square <= ofReference[firstY + j]) precise[firstX + i] = 1;
        if (square <= ofSamples[firstX + i]) recalled[firstY + j] = 1;
      }
    }
  }
  return { precision: share(precise), recall: share(recalled) };
}

const radii = remembered((set, signal) => neighbourRadii(set, recallNeighbours, signal));

const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
