import { tensor } from '../create.js';
import { minimum, norms, stack } from '../functions.js';
import type { Module } from '../module.js';
import { call, callTensor } from '../operator.js';
import { checked, notNegative } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type AdamConstants, Moments } from './adam.js';
import { type Moving, Optimizer } from './optimizer.js';
import { type Choice, type Named, pick } from './parameters.js';

/** Options of `Lamb`. */
export interface LambOptions extends AdamConstants {
  /** Learning rate, relative to the norm of a parameter. Default: 1e-3 */
  readonly lr?: number;
  /** Default: 0.01 */
  readonly weightDecay?: number;
  /** The parameters with weight decay and trust ratio. Default: all but vectors (biases, norms) and single numbers */
  readonly decays?: Choice;
}

/**
 * LAMB (You et al. 2020, algorithm 2). With Adam's moments m̂ and v̂ (see `AdamW`) a parameter p moves by
 *
 *     u = m̂/(√v̂ + eps) + weightDecay·p,   p ← p − lr·‖p‖/‖u‖·u
 *
 * so the learning rate is relative to the norm of the parameter. The trust ratio ‖p‖/‖u‖ is 1 if a norm is 0. Parameters that
 * `decays` leaves out have ratio 1 and no decay. A state has m as `mean.NAME` and v as `square.NAME`.
 */
export class Lamb extends Optimizer {
  readonly tensors: Named;
  readonly #moments: Moments;
  /** Whether each parameter has decay and trust ratio. */
  readonly #scaled: readonly boolean[];
  readonly #weightDecay: number;

  /**
   * @param parameters  a module, or parameters by name
   * @throws TorchError if there are no parameters, one is not contiguous, or an option is out of range
   */
  constructor(parameters: Module | Named, options: LambOptions = {}) {
    const { lr = 1e-3, weightDecay = 0.01, decays = (_, { shape }) => shape.length > 1, ...constants } = options;
    super(parameters, lr);
    this.#weightDecay = checked('Lamb: weightDecay', weightDecay, notNegative);
    this.#moments = new Moments('Lamb', this.names, this.parameters, constants);
    this.tensors = this.#moments.tensors;
    this.#scaled = this.parameters.map((parameter, i) => decays(this.names[i], parameter));
  }

  /** @internal */
  move({ indices, gradients, lrScale, update }: Moving): void {
    const parameters = pick(this.parameters, indices);
    const scaled = pick(this.#scaled, indices);
    const minusDecay = scaled.map((is) => (is ? -this.#weightDecay : 0));
    // A step of Adam with rate 1 that starts at −decay·p instead of p ends at −u.
    const minusU = call('aten::_foreach_mul.ScalarList', parameters, minusDecay) as Tensor[];
    this.#moments.step(indices, minusU, gradients, { update, lr: 1 });
    const ratios = trustRatios(parameters, minusU, scaled);
    call('aten::_foreach_addcmul_.Scalar', parameters, minusU, ratios, lrScale * this.lr);
  }
}

function trustRatios(parameters: readonly Tensor[], updates: readonly Tensor[], scaled: readonly boolean[]): Tensor[] {
  const [p, u] = [stack(norms(parameters)), stack(norms(updates))];
  const usable = minimum(p, u)
    .mul(tensor(scaled.map(Number), { device: p.device }))
    .gt(0);
  return callTensor('aten::where.ScalarOther', usable, p.div(u), 1).unbind();
}
