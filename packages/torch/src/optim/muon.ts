import { describe } from '../argument.js';
import { zeros } from '../create.js';
import { type Dtype, isFloating } from '../dtype.js';
import { TorchError } from '../errors.js';
import { stack } from '../functions.js';
import type { Module } from '../module.js';
import { workableDtype } from '../nn/precision.js';
import { call } from '../operator.js';
import { checked, count, notNegative, share } from '../range.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { AdamW, type AdamWOptions } from './adamw.js';
import { NewtonSchulz } from './newtonSchulz.js';
import { type Moving, Optimizer } from './optimizer.js';
import { type Choice, type Named, pick } from './parameters.js';

/** Options of `Muon`. */
export interface MuonOptions {
  /** Learning rate of the matrices. Default: 1e-3 */
  readonly lr?: number;
  /** Weight decay of the matrices. Default: 0.1 */
  readonly weightDecay?: number;
  /** Nesterov momentum. Default: 0.95 */
  readonly momentum?: number;
  /** Steps of the iteration that orthogonalises an update. Default: 5 */
  readonly nsSteps?: number;
  /** Dtype of the products in the iteration; bfloat16 suffices. Default: float32 */
  readonly dtype?: Dtype;
  /**
   * The parameters that Muon moves; each has two dimensions. Default: all with two. It is for hidden layers, so leave out the
   * first and the last layer, and tables.
   */
  readonly matrices?: Choice;
  /** Options of AdamW, which moves all other parameters. */
  readonly rest?: AdamWOptions;
}

/** Matrices of one shape, for batched products. Matrices with more rows than columns are transposed. */
interface Group {
  /** positions among all parameters */
  readonly indices: readonly number[];
  /** [k, m, n], m ≤ n */
  readonly momentum: Tensor;
  readonly newtonSchulz: NewtonSchulz;
}

/**
 * Muon (Jordan et al. 2024) on matrices, AdamW on all other parameters. A matrix W [rows, columns] with gradient G moves along
 * its Nesterov momentum, whose singular values are brought to about 1:
 *
 *     M ← β·M + (1 − β)·G,   W ← (1 − lr·weightDecay)·W − lr·0.2·√max(rows, columns)·NewtonSchulz(β·M + (1 − β)·G)
 *
 * The factor 0.2·√max gives the update the root mean square of Adam's (Liu et al. 2025, "Muon is scalable for LLM training",
 * section 2.2). So one learning rate fits both; PyTorch calls it `match_rms_adamw`. A state has M as `momentum.NAME`, and the
 * state of AdamW.
 */
export class Muon extends Optimizer {
  readonly tensors: Named;
  /** The optimiser of all other parameters; null if there are none. Its `lr` may be set between steps. */
  readonly rest: AdamW | null;
  readonly #groups: readonly Group[];
  /** Positions of the other parameters among all. */
  readonly #others: readonly number[];
  readonly #weightDecay: number;
  readonly #momentum: number;

  /**
   * @param parameters  a module, or parameters by name
   * @throws TorchError if there are no parameters, one is not contiguous, or an option is out of range
   * @throws TorchError if `matrices` chooses a parameter that does not have two dimensions
   */
  constructor(parameters: Module | Named, options: MuonOptions = {}) {
    const { lr = 1e-3, weightDecay = 0.1, momentum = 0.95, nsSteps = 5, dtype = 'float32' } = options;
    super(parameters, lr);
    this.#weightDecay = checked('Muon: weightDecay', weightDecay, notNegative);
    this.#momentum = checked('Muon: momentum', momentum, share);
    checked('Muon: nsSteps', nsSteps, count);
    if (!isFloating(dtype))
      throw new TorchError(`Muon: dtype must be float32, float64, float16 or bfloat16; got ${describe(dtype)}`);
    const chosen = this.#chosen(options.matrices ?? ((_, { shape }) => shape.length === 2));
    this.#others = [...this.parameters.keys()].filter((index) => !chosen.includes(index));
    const others = Object.fromEntries(this.#others.map((index) => [this.names[index], this.parameters[index]]));
    this.rest = this.#others.length > 0 ? new AdamW(others, options.rest) : null;
    this.#groups = byShape(this.parameters, chosen).map((indices) => {
      const { shape: size, dtype: own, device } = wide(this.parameters[indices[0]]);
      const shape = [indices.length, ...size];
      const newtonSchulz = new NewtonSchulz(shape, nsSteps, workableDtype(dtype, device), device);
      return { indices, momentum: keep(zeros(shape, { dtype: own, device })), newtonSchulz };
    });
    const momenta = this.#groups.flatMap(({ indices, momentum }) =>
      momentum.unbind().map((view, i) => {
        return [`momentum.${this.names[indices[i]]}`, keep(turnedLike(this.parameters[indices[i]], view))];
      }),
    );
    this.tensors = { ...this.rest?.tensors, ...(Object.fromEntries(momenta) as Named) };
  }

  /** @internal */
  move(moving: Moving): void {
    if (this.rest) checked('Muon.step: rest.lr', this.rest.lr, notNegative);
    for (const group of this.#groups) this.#moveMatrices(group, moving);
    const { indices, gradients } = moving;
    const part = [...indices.keys()].filter((i) => this.#others.includes(indices[i]));
    const others = pick(indices, part).map((index) => this.#others.indexOf(index));
    this.rest?.move({ ...moving, indices: others, gradients: pick(gradients, part) });
  }

  #moveMatrices({ indices, momentum, newtonSchulz }: Group, { indices: moving, gradients, lrScale }: Moving): void {
    const part = indices.flatMap((index, i) => (moving.includes(index) ? [i] : []));
    if (part.length === 0) return;
    const parameters = pick(this.parameters, pick(indices, part));
    const gradient = stack(pick(indices, part).map((index) => wide(gradients[moving.indexOf(index)])));
    const all = part.length === indices.length;
    const M = all ? momentum : stack(pick(momentum.unbind(), part));
    M.lerp_(gradient, 1 - this.#momentum);
    if (!all) for (const [i, row] of part.entries()) momentum.select(0, row).copy_(M.select(0, i));
    const updates = newtonSchulz.orthogonalize(gradient.lerp_(M, this.#momentum)).unbind();
    const turned = updates.map((matrix, i) => turnedLike(parameters[i], matrix));
    const lr = lrScale * this.lr;
    const scale = 0.2 * Math.sqrt(momentum.shape[2]);
    call('aten::_foreach_mul_.Scalar', parameters, 1 - lr * this.#weightDecay);
    call('aten::_foreach_add_.List', parameters, turned, -lr * scale);
  }

  /** Positions of the matrices. */
  #chosen(matrices: Choice): number[] {
    const chosen = [...this.parameters.keys()].filter((i) => matrices(this.names[i], this.parameters[i]));
    for (const index of chosen) {
      const { shape } = this.parameters[index];
      if (shape.length !== 2)
        throw new TorchError(
          `Muon: matrices chooses ${this.names[index]} [${shape.join(', ')}], which does not have two dimensions`,
        );
    }
    return chosen;
  }
}

/** Positions of matrices, grouped by shape up to transposition, dtype and device. */
function byShape(parameters: readonly Tensor[], chosen: readonly number[]): number[][] {
  const groups: Record<string, number[]> = {};
  for (const index of chosen) {
    const { shape, dtype, device } = wide(parameters[index]);
    const key = [...shape, dtype, device].join();
    groups[key] ??= [];
    groups[key].push(index);
  }
  return Object.values(groups);
}

/** A matrix, or its transpose if it has more rows than columns. */
const wide = (matrix: Tensor): Tensor => (matrix.shape[0] > matrix.shape[1] ? matrix.transpose(0, 1) : matrix);

/** Transposes a matrix back to the shape of its parameter; undoes `wide`. */
const turnedLike = ({ shape }: Tensor, matrix: Tensor): Tensor =>
  shape[0] > shape[1] ? matrix.transpose(0, 1) : matrix;
