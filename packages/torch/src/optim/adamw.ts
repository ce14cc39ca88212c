import type { Module } from '../module.js';
import { checked, notNegative } from '../range.js';
import { type AdamConstants, Moments } from './adam.js';
import { type Moving, Optimizer } from './optimizer.js';
import { type Choice, type Named, pick } from './parameters.js';

/** Options of `AdamW`. */
export interface AdamWOptions extends AdamConstants {
  /** Learning rate. Default: 1e-3 */
  readonly lr?: number;
  /** Default: 0.01 */
  readonly weightDecay?: number;
  /** The parameters with weight decay. Default: all, as in PyTorch. Often vectors (biases, norms) are left out. */
  readonly decays?: Choice;
}

/**
 * Adam with decoupled weight decay (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2). With gradient g and
 * number of updates t:
 *
 *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← (1 − lr·weightDecay)·p − lr·m̂/(√v̂ + eps)
 *     m̂ = m/(1 − β₁ᵗ),        v̂ = v/(1 − β₂ᵗ)
 *
 * A state has m as `mean.NAME` and v as `square.NAME`.
 */
export class AdamW extends Optimizer {
  readonly tensors: Named;
  readonly #moments: Moments;
  /** Weight decay of each parameter. */
  readonly #decays: readonly number[];

  /**
   * @param parameters  a module, or parameters by name
   * @throws TorchError if there are no parameters, one is not contiguous, or an option is out of range
   */
  constructor(parameters: Module | Named, options: AdamWOptions = {}) {
    const { lr = 1e-3, weightDecay = 0.01, decays = () => true, ...constants } = options;
    super(parameters, lr);
    checked('AdamW: weightDecay', weightDecay, notNegative);
    this.#moments = new Moments('AdamW', this.names, this.parameters, constants);
    this.tensors = this.#moments.tensors;
    this.#decays = this.parameters.map((parameter, i) => (decays(this.names[i], parameter) ? weightDecay : 0));
  }

  /** @internal */
  move({ indices, gradients, lrScale, update }: Moving): void {
    const lr = lrScale * this.lr;
    for (const decay of new Set(this.#decays)) {
      const group = [...indices.keys()].filter((i) => this.#decays[indices[i]] === decay);
      const members = pick(indices, group);
      this.#moments.step(members, pick(this.parameters, members), pick(gradients, group), { update, lr, decay });
    }
  }
}
