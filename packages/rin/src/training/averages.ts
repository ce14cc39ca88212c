import { RinError } from '@rin/core';
import { type Device, type Named, noGrad, type Tensor, unsafe } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { EmaConfig } from '../config/training.js';
import { RIN } from '../model/rin.js';

/** Name of the average that gives the samples and `model.safetensors`. Its part of a checkpoint has the same name. */
export const mainAverage = 'average';

/** Averages of the weights of one network, by name. */
export class Averages implements Disposable {
  /** A network whose weights are the main average. */
  readonly main: RIN;
  /** Live tensors of each average, by its name. */
  readonly parts: Readonly<Record<string, Named>>;
  readonly #emas: Readonly<Record<string, EmaConfig>>;

  /**
   * @param emas settings of each average by its name; one average is named `mainAverage`
   * @throws RinError if no average has this name
   */
  constructor(model: ModelConfig, emas: Readonly<Record<string, EmaConfig>>, device: Device) {
    const networks = Object.keys(emas).map((name) => [name, new RIN(model, { seed: null }).to(device)] as const);
    const main = networks.find(([name]) => name === mainAverage)?.[1];
    if (!main) throw new RinError(`averages: one average must be named ${mainAverage}`);
    this.main = main;
    this.parts = Object.fromEntries(networks.map(([name, network]) => [name, network.parameters()]));
    for (const tensor of this.#tensors()) tensor.requiresGrad = false;
    this.#emas = emas;
  }

  /** Sets every average to the weights. */
  start(weights: Named): void {
    noGrad(() => {
      for (const part of Object.values(this.parts))
        for (const [name, tensor] of Object.entries(part)) tensor.copy_(weights[name]);
    });
  }

  /** Moves every average towards the weights. @param update number of the update that made the weights, from 1 */
  update(weights: Named, update: number): void {
    for (const [name, ema] of Object.entries(this.#emas))
      updateEma(ema, Object.values(this.parts[name]), Object.values(weights), update);
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors()) tensor.dispose();
  }

  #tensors(): Tensor[] {
    return Object.values(this.parts).flatMap((part) => Object.values(part));
  }
}

/**
 * Share of the old average that update t = 1, 2, … keeps:
 *
 *     exponential   decay, or with ramp-up min(decay, (1 + t)/(10 + t))
 *     power         (1 − 1/t)^(exponent + 1)
 *
 * The ramp-up follows TensorFlow's `ExponentialMovingAverage`. The power average gives the weights of update t a share in
 * proportion to t^exponent (Karras et al. 2024, "EDM2", section 3).
 */
function emaKept(config: EmaConfig, update: number): number {
  if (config.kind === 'power') return (1 - 1 / update) ** (config.exponent + 1);
  return config.rampUp ? Math.min(config.decay, (1 + update) / (10 + update)) : config.decay;
}

/** Moves an average towards the weights, in place: average ← kept·average + (1 − kept)·weights. @param update t, from 1 */
export function updateEma(
  config: EmaConfig,
  average: readonly Tensor[],
  weights: readonly Tensor[],
  update: number,
): void {
  noGrad(() => unsafe.call('aten::_foreach_lerp_.Scalar', [average, weights, 1 - emaKept(config, update)]));
}
