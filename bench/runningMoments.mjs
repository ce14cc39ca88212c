// @ts-check
/** Mean and covariance of vectors that are added one by one; `frechetDistance` of rin takes them. */
export class RunningMoments {
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

  /** The covariance, divided by the count, row by row. */
  get covariance() {
    const { mean, products, count } = this;
    const n = mean.length;
    return products.map((_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return products[Math.max(i, j) * n + Math.min(i, j)] / count - mean[i] * mean[j];
    });
  }
}
