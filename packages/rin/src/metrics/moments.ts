import { noGrad, scope, tensor, zeros } from '@rin/torch';
import { checkSets } from './checkSets.js';
import { blocksOf, type Features } from './features.js';

/** Mean and covariance of a set of vectors, as `.npz` files of the field have them. */
export interface Moments {
  /** μ [F] */
  readonly mean: Float64Array;
  /** Σ [F·F], row by row; symmetric */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance in float64. The covariance is divided by n − 1, as `numpy.cov` does it.
 * @throws RinError if there are fewer than 2 samples
 */
export function momentsOf(features: Features): Moments {
  checkSets('mean and covariance', 2, [features]);
  const { count, width } = features;
  using sum = zeros([width], { dtype: 'float64' });
  for (const { rows } of blocksOf(features)) {
    using block = rows;
    scope(() => noGrad(() => sum.add_(block.sum([0]))));
  }
  const mean = Float64Array.from(sum.toTypedArray() as Float64Array, (value) => value / count);
  using middle = tensor(mean, [1, width]);
  using products = zeros([width, width], { dtype: 'float64' });
  for (const { rows } of blocksOf(features)) {
    using block = rows;
    // Centred before the product: the difference of two large sums would lose the digits of a small covariance.
    scope(() =>
      noGrad(() => {
        const centred = block.sub(middle);
        products.add_(centred.transpose(0, 1).matmul(centred));
      }),
    );
  }
  using covariance = scope(() => noGrad(() => products.div(count - 1)));
  return { mean, covariance: covariance.toTypedArray() as Float64Array };
}
