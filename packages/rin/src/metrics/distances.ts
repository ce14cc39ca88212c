import { setImmediate as turn } from 'node:timers/promises';
import { cat, noGrad, scope, type Tensor } from '@rin/torch';
import { blocksOf, type Features } from './features.js';

/** Squared distances of a part of x to a part of y. */
export interface DistanceBlock {
  readonly firstX: number;
  readonly firstY: number;
  /** float64 [rows of x, rows of y], each at least 0. It is freed after the loop's turn */
  readonly squares: Tensor;
}

/**
 * The squared Euclidean distances of two sets in float64, block by block: |x|² + |y|² − 2·xᵀy. The event loop runs after each.
 * @throws the reason of `signal` if it is aborted
 */
export async function* distanceBlocks(
  x: Features,
  y: Features,
  signal?: AbortSignal,
): AsyncGenerator<DistanceBlock, void, void> {
  for (const left of blocksOf(x)) {
    using rows = left.rows;
    for (const right of blocksOf(y)) {
      using columns = right.rows;
      using squares = scope(() =>
        noGrad(() => {
          const [a, b] = [rows, columns].map((part) => part.square().sum([1]));
          const products = rows.matmul(columns.transpose(0, 1)).mul(-2);
          return products
            .add(a.reshape([-1, 1]))
            .add(b.reshape([1, -1]))
            .clamp(0, null);
        }),
      );
      yield { firstX: left.first, firstY: right.first, squares };
      await turn();
      signal?.throwIfAborted();
    }
  }
}

/**
 * Squared distance of each sample to its k-th nearest other sample of the same set: the radius of its neighbourhood.
 * @param k at least 1, below the number of samples
 * @returns float64 [n]
 */
export async function neighbourRadii(set: Features, k: number, signal?: AbortSignal): Promise<Float64Array> {
  const radii = new Float64Array(set.count);
  let nearest: Tensor | undefined; // the k + 1 smallest so far, of the rows from `from` on; the sample itself is among them
  let from = 0;
  const finish = () => {
    if (nearest)
      radii.set(scope(() => noGrad(() => nearest?.narrow(1, k, 1).contiguous().toTypedArray())) as Float64Array, from);
    nearest?.dispose();
    nearest = undefined;
  };
  try {
    for await (const { firstX, squares } of distanceBlocks(set, set, signal)) {
      if (firstX !== from) finish();
      from = firstX;
      const before = nearest;
      nearest = scope(() =>
        noGrad(() => {
          const all = before ? cat([before, squares], 1) : squares;
          return all.topk(Math.min(k + 1, all.shape[1]), { dim: 1, largest: false }).values;
        }),
      );
      before?.dispose();
    }
    finish();
  } finally {
    nearest?.dispose();
  }
  return radii;
}
