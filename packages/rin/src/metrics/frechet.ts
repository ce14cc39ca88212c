import { RinError } from '@rin/core';
import { noGrad, scope, type Tensor, tensor, unsafe } from '@rin/torch';
import type { Moments } from './moments.js';

/**
 * The squared Fréchet distance of two normal distributions (Dowson & Landau 1982; Heusel et al. 2017, "FID", eq. 6):
 *
 *     d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½)
 *
 * With the features of the Inception network of 2015 this is the FID; with those of I3D the FVD.
 *
 * The trace of the root comes from factors Σ = BᵀB. The eigenvalues of Σ₁Σ₂ are the squares of the singular values of B₁B₂ᵀ,
 * so the trace is their sum. This needs no root of a matrix that is not symmetric. It is as exact for a covariance without full
 * rank: with fewer samples than features, where the usual root has to add a small number to the diagonal.
 * @param a mean [F] and covariance [F·F]
 * @param b of the same length
 * @returns d² ≥ 0
 * @throws RinError if the lengths differ
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const width = a.mean.length;
  for (const { mean, covariance } of [a, b])
    if (mean.length !== width || covariance.length !== width ** 2)
      throw new RinError(
        `frechetDistance: means of ${width} and ${mean.length} numbers, and a covariance of ${covariance.length}; expected two of the same detector`,
      );
  const offset = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]) ** 2, 0);
  return Math.max(0, offset + trace(a) + trace(b) - 2 * rootTrace(a, b));
}

const trace = ({ mean, covariance }: Moments): number =>
  mean.reduce((sum, _, i) => sum + covariance[i * (mean.length + 1)], 0);

/** tr((Σ₁Σ₂)^½) */
function rootTrace(a: Moments, b: Moments): number {
  return scope(() =>
    noGrad(() => {
      const product = factor(a).matmul(factor(b).transpose(0, 1)); // B₁B₂ᵀ [r₁, r₂]
      if (product.shape.includes(0)) return 0; // a set of equal samples has no spread
      return (unsafe.call('aten::linalg_svdvals', [product]) as Tensor).sum().item();
    }),
  );
}

/**
 * B [r, F] with Σ = BᵀB: the eigenvectors, each times the root of its eigenvalue. Eigenvalues below F·ε·λ_max are rounding of
 * zeros, as in the numerical rank of LAPACK and NumPy; their roots would add up to far more than the rounding itself.
 */
function factor({ mean, covariance }: Moments): Tensor {
  const width = mean.length;
  const [values, vectors] = unsafe.call('aten::linalg_eigh', [tensor(covariance, [width, width])]) as Tensor[];
  const eigenvalues = values.toTypedArray() as Float64Array; // ascending
  const least = width * Number.EPSILON * Math.max(0, eigenvalues[width - 1]);
  const rank = eigenvalues.filter((value) => value > least).length;
  const start = width - rank;
  const kept = vectors.narrow(1, start, rank).transpose(0, 1);
  return kept.mul(values.narrow(0, start, rank).sqrt().reshape([-1, 1]));
}
