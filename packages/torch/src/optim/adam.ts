import { full } from '../create.js';
import { call } from '../operator.js';
import { checked, positive, share } from '../range.js';
import type { Tensor } from '../tensor.js';
import { prefixed, zerosFor } from './optimizer.js';
import { type Named, pick } from './parameters.js';

/** Constants of Adam's moments. */
export interface AdamConstants {
  /** Decay of the mean of the gradients, and of the mean of their squares. Default: [0.9, 0.999] */
  readonly betas?: readonly [number, number];
  /** Added to the root of the mean square. Default: 1e-8 */
  readonly eps?: number;
}

/** First and second moments of the gradients of some parameters. */
export class Moments {
  readonly tensors: Named;
  readonly #mean: readonly Tensor[];
  readonly #square: readonly Tensor[];
  readonly #constants: { readonly beta1: number; readonly beta2: number; readonly eps: number };

  /** @throws TorchError if a constant is out of range; the message begins with `what` */
  constructor(what: string, names: readonly string[], parameters: readonly Tensor[], options: AdamConstants) {
    const { betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 } = options;
    checked(`${what}: the first of betas`, beta1, share);
    checked(`${what}: the second of betas`, beta2, share);
    this.#constants = { beta1, beta2, eps: checked(`${what}: eps`, eps, positive) };
    this.#mean = zerosFor(parameters);
    this.#square = zerosFor(parameters);
    this.tensors = { ...prefixed('mean', names, this.#mean), ...prefixed('square', names, this.#square) };
  }

  /**
   * One step of Adam with decoupled decay, in one pass over the memory (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter
   * 2019, algorithm 2). With the gradient g, in place:
   *
   *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← (1 − lr·decay)·p − lr·m̂/(√v̂ + ε)
   *     m̂ = m/(1 − β₁ᵗ),        v̂ = v/(1 − β₂ᵗ)
   *
   * @param indices     positions of the parameters among those of the moments
   * @param parameters  one for each index, as the gradients
   * @param update      t, from 1
   */
  step(
    indices: readonly number[],
    parameters: readonly Tensor[],
    gradients: readonly Tensor[],
    { update, lr, decay = 0 }: { readonly update: number; readonly lr: number; readonly decay?: number },
  ): void {
    if (indices.length === 0) return;
    const { beta1, beta2, eps } = this.#constants;
    const count = full([], update, { device: parameters[0].device });
    const counts = indices.map(() => count);
    const [mean, square] = [pick(this.#mean, indices), pick(this.#square, indices)];
    const numbers = [lr, beta1, beta2, decay, eps, false, false]; // amsgrad, maximize
    call('aten::_fused_adamw_', parameters, gradients, mean, square, [], counts, ...numbers);
  }
}
