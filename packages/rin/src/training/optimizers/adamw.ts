import type { Tensor } from '@rin/torch';
import type { Named } from '../../model/named.js';
import { type AdamOptions, adamStep, type Moments, namedMoments, zeroMoments } from './adam.js';
import { isDecayed, type Optimizer, pick } from './optimizer.js';

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2); vectors are not decayed. */
export class AdamW implements Optimizer {
  readonly state: Named;
  readonly #options: AdamOptions;
  readonly #parameters: readonly Tensor[];
  readonly #moments: Moments;
  /** Indices of the parameters that share a decay. */
  readonly #groups: readonly { readonly indices: readonly number[]; readonly decay: number }[];

  constructor(parameters: Named, options: AdamOptions) {
    this.#options = options;
    this.#parameters = Object.values(parameters);
    this.#moments = zeroMoments(this.#parameters);
    this.state = namedMoments(Object.keys(parameters), this.#moments);
    const indices = [...this.#parameters.keys()];
    const decayed = (index: number) => isDecayed(this.#parameters[index]);
    this.#groups = [
      { indices: indices.filter(decayed), decay: options.weightDecay },
      { indices: indices.filter((index) => !decayed(index)), decay: 0 },
    ];
  }

  step(gradients: readonly Tensor[], share: number, update: number): void {
    const rate = share * this.#options.learningRate;
    const { mean, square } = this.#moments;
    for (const { indices, decay } of this.#groups) {
      const moments = { mean: pick(mean, indices), square: pick(square, indices) };
      const part = pick(this.#parameters, indices);
      adamStep(part, pick(gradients, indices), moments, this.#options, { update, rate, decay });
    }
  }
}
