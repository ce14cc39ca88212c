import { posterior } from './ddpm.js';
import type { PlanStep } from './plan.js';
import { type SamplerOptions, type Sampling, start } from './sampler.js';

/**
 * DDIM (Song et al. 2021, eq. 12 and 16): x' = √γ'·x̂₀ + √(1 − γ' − v)·ε̂ + √v·noise. v is η² times the `small` variance of
 * DDPM. η = 0 adds no noise, η = 1 is DDPM with that variance. The picture is the last x̂₀.
 */
export function* ddim(steps: readonly PlanStep[], { eta }: SamplerOptions): Sampling {
  let x = start;
  let picture = start;
  for (const [step, at] of steps.entries()) {
    const { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext } = at;
    const { x0, eps } = yield { step, gamma, oneMinusGamma, x };
    const noise = eta * posterior(at, 'small').noise;
    x = [
      [Math.sqrt(gammaNext), x0],
      [Math.sqrt(Math.max(oneMinusGammaNext - noise ** 2, 0)), eps],
      [noise, { of: 'noise', step }],
    ];
    picture = [[1, x0]];
  }
  return picture;
}
