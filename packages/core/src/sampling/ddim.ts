import type { PlanStep } from './plan.js';
import { type Sampling, start } from './sampler.js';

/** DDIM with η = 0, deterministic (Song et al. 2021, eq. 12): x' = √γ'·x̂₀ + √(1 − γ')·ε̂. The picture is the last x̂₀. */
export function* ddim(steps: readonly PlanStep[]): Sampling {
  let x = start;
  let picture = start;
  for (const [step, { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext }] of steps.entries()) {
    const { x0, eps } = yield { step, gamma, oneMinusGamma, x };
    x = [
      [Math.sqrt(gammaNext), x0],
      [Math.sqrt(oneMinusGammaNext), eps],
    ];
    picture = [[1, x0]];
  }
  return picture;
}
