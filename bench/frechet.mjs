// The Fréchet distance of two sets of vectors, each taken as normal (Dowson & Landau 1982):
//
//     d² = |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(√Σ₁·Σ₂·√Σ₁)^½)

/** Mean and covariance of vectors that are added one by one. */
export class Moments {
  /** @param {number} dimensions */
  constructor(dimensions) {
    this.count = 0;
    this.sum = new Float64Array(dimensions);
    this.products = new Float64Array(dimensions ** 2);
  }

  /** @param {ArrayLike<number>} vector */
  add(vector) {
    const n = this.sum.length;
    this.count++;
    for (let i = 0; i < n; i++) {
      this.sum[i] += vector[i];
      for (let j = 0; j <= i; j++) this.products[i * n + j] += vector[i] * vector[j];
    }
  }

  get mean() {
    return this.sum.map((value) => value / this.count);
  }

  /** The covariance, divided by the count, as rows. */
  get covariance() {
    const { mean, products, count } = this;
    const n = mean.length;
    return Array.from({ length: n }, (_, i) =>
      Float64Array.from(
        { length: n },
        (_, j) => products[Math.max(i, j) * n + Math.min(i, j)] / count - mean[i] * mean[j],
      ),
    );
  }
}

/** The square d² of the distance. @param {Moments} a @param {Moments} b */
export function frechet(a, b) {
  const [meanA, meanB, covarianceA, covarianceB] = [a.mean, b.mean, a.covariance, b.covariance];
  const offset = meanA.reduce((sum, value, i) => sum + (value - meanB[i]) ** 2, 0);
  const root = squareRoot(covarianceA);
  const mixed = eigen(product(product(root, covarianceB), root)).values;
  const common = mixed.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  return offset + trace(covarianceA) + trace(covarianceB) - 2 * common;
}

/** @param {Float64Array[]} matrix */
const trace = (matrix) => matrix.reduce((sum, row, i) => sum + row[i], 0);

/** @param {Float64Array[]} a @param {Float64Array[]} b */
const product = (a, b) => a.map((row) => row.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

/** The symmetric square root of a positive semidefinite matrix. @param {Float64Array[]} matrix */
function squareRoot(matrix) {
  const { values, vectors } = eigen(matrix);
  const roots = values.map((value) => Math.sqrt(Math.max(value, 0)));
  return vectors.map((left) =>
    left.map((_, j) => left.reduce((sum, value, k) => sum + value * roots[k] * vectors[j][k], 0)),
  );
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations. @param {Float64Array[]} matrix */
function eigen(matrix) {
  const n = matrix.length;
  const a = matrix.map((row) => row.slice());
  const vectors = a.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 30; sweep++) {
    const off = a.reduce(
      (sum, row, i) => sum + row.reduce((part, value, j) => part + (i === j ? 0 : value ** 2), 0),
      0,
    );
    if (off <= 1e-28 * trace(a) ** 2) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const ratio = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(ratio, 1));
        const cosine = 1 / Math.hypot(tangent, 1);
        const sine = tangent * cosine;
        for (const row of [...a, ...vectors]) {
          const [left, right] = [row[p], row[q]];
          row[p] = cosine * left - sine * right;
          row[q] = sine * left + cosine * right;
        }
        for (let k = 0; k < n; k++) {
          const [upper, lower] = [a[p][k], a[q][k]];
          a[p][k] = cosine * upper - sine * lower;
          a[q][k] = sine * upper + cosine * lower;
        }
      }
    }
  }
  return { values: a.map((row, i) => row[i]), vectors };
}
