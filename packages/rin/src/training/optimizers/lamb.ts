import { minimum, norms, stack, type Tensor, tensor, unsafe } from '@rin/torch';
import type { Named } from '../../model/named.js';
import { type AdamOptions, adamStep, type Moments, namedMoments, zeroMoments } from './adam.js';
import { isDecayed, type Optimizer } from './optimizer.js';

/**
 * LAMB (You et al. 2020, algorithm 2), the paper's optimiser. With Adam's moments m̂ and v̂ a kernel p moves by
 *
 *     u = m̂/(√v̂ + ε) + decay·p,   p ← p − rate·‖p‖/‖u‖·u
 *
 * so the learning rate is relative to the norm of the kernel. The ratio ‖p‖/‖u‖ is 1 if a norm is 0. Vectors have ratio 1 and
 * no decay.
 */
export class Lamb implements Optimizer {
  readonly state: Named;
  readonly #options: AdamOptions;
  readonly #parameters: readonly Tensor[];
  readonly #moments: Moments;
  /** Per parameter, minus its weight decay. */
  readonly #minusDecay: readonly number[];
  /** 1 for parameters with a trust ratio, 0 for the others. */
  readonly #scaled: Tensor;

  constructor(parameters: Named, options: AdamOptions) {
    this.#options = options;
    this.#parameters = Object.values(parameters);
    this.#moments = zeroMoments(this.#parameters);
    this.state = namedMoments(Object.keys(parameters), this.#moments);
    const kernels = this.#parameters.map((parameter) => (isDecayed(parameter) ? 1 : 0));
    this.#minusDecay = kernels.map((kernel) => -options.weightDecay * kernel);
    this.#scaled = tensor(kernels, { device: this.#parameters[0].device });
  }

  step(gradients: readonly Tensor[], share: number, update: number): void {
    const rate = share * this.#options.learningRate;
    // A step of Adam with rate 1 that starts at −decay·p instead of p ends at −u.
    const minusU = unsafe.call('aten::_foreach_mul.ScalarList', [this.#parameters, this.#minusDecay]) as Tensor[];
    adamStep(minusU, gradients, this.#moments, this.#options, { update, rate: 1 });
    unsafe.call('aten::_foreach_addcmul_.Scalar', [this.#parameters, minusU, this.#trustRatios(minusU), rate]);
  }

  #trustRatios(updates: readonly Tensor[]): Tensor[] {
    const [p, u] = [stack(norms(this.#parameters)), stack(norms(updates))];
    const usable = minimum(p, u).mul(this.#scaled).gt(0);
    return (unsafe.call('aten::where.ScalarOther', [usable, p.div(u), 1]) as Tensor).unbind();
  }
}
