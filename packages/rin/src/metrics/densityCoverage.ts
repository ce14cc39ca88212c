import { checkSets, type PairOptions } from './checkSets.js';
import { distanceBlocks, neighbourRadii } from './distances.js';
import { type Features, remembered } from './features.js';

/** Density and coverage. */
export interface DensityCoverage {
  /** balls of the reference around a sample, over k; about 1 if both sets are alike, and it may be above 1 */
  readonly density: number;
  /** share of the reference whose ball has a sample; from 0 to 1 */
  readonly coverage: number;
}

/** The neighbour whose distance is the radius, k = 5 as in the paper. */
export const coverageNeighbours = 5;

/**
 * Density and coverage (Naeem et al. 2020, eqs. 3 and 4). Each of the N pictures of the reference has a ball that reaches to its
 * k-th nearest other one. With M samples yⱼ:
 *
 *     density  = 1/(kM) · Σⱼ Σᵢ [yⱼ in ball i]          coverage = 1/N · Σᵢ [some yⱼ is in ball i]
 *
 * k is 5. Only the reference has balls, so outliers among the samples do not count as coverage.
 * @throws RinError if a set has 5 samples or fewer, or if the lengths of their vectors differ
 * @throws the reason of `signal` if it is aborted
 */
export async function densityCoverage(
  samples: Features,
  reference: Features,
  { signal }: PairOptions = {},
): Promise<DensityCoverage> {
  checkSets('density and coverage', coverageNeighbours + 1, [samples, reference]);
  const balls = await radii(reference, signal);
  const covered = new Uint8Array(reference.count);
  let inside = 0;
  for await (const { firstY, squares } of distanceBlocks(samples, reference, signal)) {
    const [rows, columns] = squares.shape;
    const all = squares.toTypedArray() as Float64Array;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        if (all[i * columns + j] >= balls[firstY + j]) continue;
        inside++;
        covered[firstY + j] = 1;
      }
    }
  }
  const found = covered.reduce((sum, flag) => sum + flag, 0);
  return { density: inside / (coverageNeighbours * samples.count), coverage: found / reference.count };
}

const radii = remembered((set, signal) => neighbourRadii(set, coverageNeighbours, signal));
