import { empty } from '../create.js';
import type { Dtype } from '../dtype.js';
import { call } from '../operator.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';

/** Coefficients of Jordan et al. 2024, "Muon": steepest at 0 among those that bring singular values in (0, 1] to 0.7 to 1.2. */
const [a, b, c] = [3.4445, -4.775, 2.0315];

/** Orthogonalises batches of matrices of one shape by the quintic Newton-Schulz iteration, in memory that it keeps. */
export class NewtonSchulz {
  readonly #steps: number;
  readonly #gram: Tensor;
  readonly #polynomial: Tensor;
  readonly #buffers: readonly [Tensor, Tensor];

  /**
   * @param shape [k, m, n]: k matrices, m ≤ n
   * @param steps number of iterations
   * @param dtype dtype of the products
   */
  constructor([k, m, n]: readonly number[], steps: number, dtype: Dtype, device: string) {
    this.#steps = steps;
    const memory = (columns: number) => keep(empty([k, m, columns], { dtype, device }));
    this.#gram = memory(m);
    this.#polynomial = memory(m);
    this.#buffers = [memory(n), memory(n)];
  }

  /**
   * Maps X = U·S·Vᵀ to about U·Vᵀ. Each step maps every singular value s, at most 1 at the start, to a·s + b·s³ + c·s⁵.
   * @param matrices [k', m, n], k' ≤ k
   * @returns [k', m, n], in memory that the next call uses again
   */
  orthogonalize(matrices: Tensor): Tensor {
    const [count] = matrices.shape;
    let [x, next] = this.#buffers.map((buffer) => buffer.narrow(0, 0, count));
    const [gram, polynomial] = [this.#gram, this.#polynomial].map((buffer) => buffer.narrow(0, 0, count));
    x.copy_(matrices.div(matrices.norm([1, 2], { keepdim: true }).clamp_(1e-7, null)));
    for (let step = 0; step < this.#steps; step++) {
      call('aten::bmm.out', x, x.transpose(1, 2), gram); // A = X·Xᵀ
      multiplyAdd(polynomial, b, gram, c, gram, gram); // b·A + c·A·A
      multiplyAdd(next, a, x, 1, polynomial, x); // a·X + (b·A + c·A·A)·X
      [x, next] = [next, x];
    }
    return x;
  }
}

/** out ← beta·addend + alpha·left·right */
function multiplyAdd(out: Tensor, beta: number, addend: Tensor, alpha: number, left: Tensor, right: Tensor): void {
  call('aten::baddbmm.out', addend, left, right, beta, alpha, out);
}
