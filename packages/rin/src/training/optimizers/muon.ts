import { type Dtype, stack, type Tensor, unsafe, zeros } from '@rin/torch';
import type { Named } from '../../model/named.js';
import type { AdamOptions } from './adam.js';
import { AdamW } from './adamw.js';
import { NewtonSchulz } from './newtonSchulz.js';
import { type Optimizer, pick } from './optimizer.js';

/** Options of Muon. `learningRate` is the peak rate of the matrices of the blocks. */
export interface MuonOptions extends AdamOptions {
  /** Peak learning rate of all other parameters. */
  readonly adamRate: number;
  readonly momentum: number;
  readonly newtonSchulzSteps: number;
}

/** Matrices of one shape, for batched products. Matrices with more rows than columns are transposed. */
interface Group {
  readonly indices: number[];
  readonly parameters: Tensor[];
  /** [k, m, n], m ≤ n */
  readonly momentum: Tensor;
  readonly newtonSchulz: NewtonSchulz;
}

/**
 * Muon (Jordan et al. 2024) on the matrices of the blocks, AdamW on all other parameters. A matrix W [rows, columns] with
 * gradient G moves along its Nesterov momentum, whose singular values are brought to about 1:
 *
 *     M ← β·M + (1 − β)·G,   W ← (1 − rate·decay)·W − rate·0.2·√max(rows, columns)·NewtonSchulz(β·M + (1 − β)·G)
 *
 * The factor 0.2·√max gives the update the root mean square of Adam's (Liu et al. 2025, "Muon is scalable for LLM training",
 * section 2.2).
 */
export class Muon implements Optimizer {
  readonly state: Named;
  readonly #options: MuonOptions;
  readonly #groups: readonly Group[];
  readonly #rest: readonly number[];
  readonly #adamw: AdamW;

  /** @param dtype dtype of the products; bfloat16 suffices if the device multiplies it natively */
  constructor(parameters: Named, options: MuonOptions, dtype: Dtype) {
    const entries = Object.entries(parameters);
    const { groups, rest } = groupByShape(entries);
    this.#options = options;
    this.#rest = rest;
    this.#adamw = new AdamW(Object.fromEntries(pick(entries, rest)), { ...options, learningRate: options.adamRate });
    this.#groups = groups.map((indices) => {
      const members = pick(Object.values(parameters), indices);
      const shape = [members.length, ...wide(members[0]).shape];
      const newtonSchulz = new NewtonSchulz(shape, options.newtonSchulzSteps, dtype, members[0].device);
      const momentum = zeros(shape, { device: members[0].device });
      return { indices, parameters: members, momentum, newtonSchulz };
    });
    const momenta = this.#groups.flatMap(({ indices, parameters, momentum }) =>
      momentum.unbind().map((view, i) => [`momentum.${entries[indices[i]][0]}`, turnedLike(parameters[i], view)]),
    );
    this.state = { ...this.#adamw.state, ...(Object.fromEntries(momenta) as Named) };
  }

  step(gradients: readonly Tensor[], share: number, update: number): void {
    const { learningRate, weightDecay, momentum: beta } = this.#options;
    const rate = share * learningRate;
    for (const { indices, parameters, momentum, newtonSchulz } of this.#groups) {
      const gradient = stack(pick(gradients, indices).map(wide));
      momentum.lerp_(gradient, 1 - beta);
      const updates = newtonSchulz.orthogonalize(gradient.lerp_(momentum, beta)).unbind();
      const turned = updates.map((matrix, i) => turnedLike(parameters[i], matrix));
      const scale = 0.2 * Math.sqrt(momentum.shape[2]);
      unsafe.call('aten::_foreach_mul_.Scalar', [parameters, 1 - rate * weightDecay]);
      unsafe.call('aten::_foreach_add_.List', [parameters, turned], { alpha: -rate * scale });
    }
    this.#adamw.step(pick(gradients, this.#rest), share, update);
  }
}

/** Whether Muon moves a parameter; AdamW moves the others. */
export const isBlockMatrix = (name: string, shape: readonly number[]): boolean =>
  name.startsWith('blocks.') && shape.length === 2;

/** Indices of the matrices of the blocks, grouped by shape up to transposition, and indices of the other parameters. */
function groupByShape(entries: readonly [string, Tensor][]): { groups: number[][]; rest: number[] } {
  const groups: Record<string, number[]> = {};
  const rest: number[] = [];
  for (const [index, [name, parameter]] of entries.entries()) {
    if (!isBlockMatrix(name, parameter.shape)) rest.push(index);
    else {
      groups[wide(parameter).shape.join()] ??= [];
      groups[wide(parameter).shape.join()].push(index);
    }
  }
  return { groups: Object.values(groups), rest };
}

/** A matrix, or its transpose if it has more rows than columns. */
const wide = (matrix: Tensor): Tensor => (matrix.shape[0] > matrix.shape[1] ? matrix.transpose(0, 1) : matrix);

/** Transposes a matrix back to the shape of its parameter; undoes `wide`. */
const turnedLike = ({ shape }: Tensor, matrix: Tensor): Tensor =>
  shape[0] > shape[1] ? matrix.transpose(0, 1) : matrix;
