import { noGrad, type Tensor, unsafe } from '@rin/torch';
import type { EmaConfig } from '../config/training.js';

/**
 * Share of the old average that is kept at update t = 1, 2, …
 *
 *     exponential   decay, or with ramp-up min(decay, (1 + t) / (10 + t))
 *     power         (1 - 1/t)^(exponent + 1): weights then count by t^exponent (Karras et al. 2024, "EDM2", section 3)
 */
function emaKept(config: EmaConfig, update: number): number {
  if (config.kind === 'power') return (1 - 1 / update) ** (config.exponent + 1);
  return config.rampUp ? Math.min(config.decay, (1 + update) / (10 + update)) : config.decay;
}

/** Moves an average of the weights on, in place: average <- kept average + (1 - kept) weights. */
export function updateEma(
  config: EmaConfig,
  average: readonly Tensor[],
  weights: readonly Tensor[],
  update: number,
): void {
  noGrad(() => unsafe.call('aten::_foreach_lerp_.Scalar', [average, weights, 1 - emaKept(config, update)]));
}
