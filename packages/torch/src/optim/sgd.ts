import { TorchError } from '../errors.js';
import type { Module } from '../module.js';
import { call } from '../operator.js';
import { checked, notNegative, share } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type Moving, Optimizer, prefixed, zerosFor } from './optimizer.js';
import { type Choice, type Named, pick } from './parameters.js';

/** Options of `SGD`. */
export interface SGDOptions {
  /** Learning rate. Default: 1e-3 */
  readonly lr?: number;
  /** Share of the velocity that a step keeps. Default: 0 */
  readonly momentum?: number;
  /** Moves along the velocity of the next step; needs momentum. Default: false */
  readonly nesterov?: boolean;
  /** Default: 0 */
  readonly weightDecay?: number;
  /** The parameters with weight decay. Default: all */
  readonly decays?: Choice;
}

/**
 * Stochastic gradient descent with momentum, as in PyTorch (Sutskever et al. 2013). With gradient g:
 *
 *     g ← g + weightDecay·p,   u ← momentum·u + g,   p ← p − lr·u             (nesterov: p ← p − lr·(g + momentum·u))
 *
 * With momentum a state has the velocity u as `momentum.NAME`.
 */
export class SGD extends Optimizer {
  readonly tensors: Named;
  readonly #momentum: number;
  readonly #nesterov: boolean;
  readonly #velocity: readonly Tensor[];
  /** Weight decay of each parameter. */
  readonly #decays: readonly number[];

  /**
   * @param parameters  a module, or parameters by name
   * @throws TorchError if there are no parameters, one is not contiguous, or an option is out of range
   */
  constructor(parameters: Module | Named, options: SGDOptions = {}) {
    const { lr = 1e-3, momentum = 0, nesterov = false, weightDecay = 0, decays = () => true } = options;
    super(parameters, lr);
    checked('SGD: weightDecay', weightDecay, notNegative);
    this.#momentum = checked('SGD: momentum', momentum, share);
    if (nesterov && momentum === 0) throw new TorchError('SGD: nesterov needs a momentum above 0');
    this.#nesterov = nesterov;
    this.#velocity = momentum > 0 ? zerosFor(this.parameters) : [];
    this.tensors = momentum > 0 ? prefixed('momentum', this.names, this.#velocity) : {};
    this.#decays = this.parameters.map((parameter, i) => (decays(this.names[i], parameter) ? weightDecay : 0));
  }

  /** @internal */
  move({ indices, gradients, lrScale }: Moving): void {
    const lr = lrScale * this.lr;
    for (const decay of new Set(this.#decays)) {
      const group = [...indices.keys()].filter((i) => this.#decays[indices[i]] === decay);
      if (group.length === 0) continue;
      const members = pick(indices, group);
      const velocity = this.#momentum > 0 ? pick(this.#velocity, members) : [];
      const numbers = [decay, this.#momentum, lr, 0, this.#nesterov, false, false]; // dampening; maximize, first step
      call('aten::_fused_sgd_', pick(this.parameters, members), pick(gradients, group), velocity, ...numbers);
    }
  }
}
