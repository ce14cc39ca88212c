import type { PlanStep } from './plan.js';
import { type SamplerOptions, type Sampling, start } from './sampler.js';

/** DDPM, ancestral (Ho et al. 2020, algorithm 2): x' is drawn from the posterior q(x' | x, x̂₀). The picture is the last x̂₀. */
export function* ddpm(steps: readonly PlanStep[], { variance }: SamplerOptions): Sampling {
  let x = start;
  let picture = start;
  for (const [step, at] of steps.entries()) {
    const { gamma, oneMinusGamma } = at;
    const found = yield { step, gamma, oneMinusGamma, x };
    const factors = posterior(at, variance);
    x = [
      [factors.x0, found.x0],
      [factors.x, found.x],
      [factors.noise, { of: 'noise', step }],
    ];
    picture = [[1, found.x0]];
  }
  return picture;
}

/**
 * The posterior q(x' | x, x̂₀) (Ho et al. 2020, eq. 6 and 7) as factors of x̂₀, of x and of standard normal noise. With
 * α = γ/γ' its mean is √γ'·(1 − α)/(1 − γ)·x̂₀ + √α·(1 − γ')/(1 − γ)·x. The published form
 * (x − (1 − α)/√(1 − γ)·ε̂)/√α is the same, but loses digits. The variance is 1 − α (`large`) or
 * (1 − γ')/(1 − γ)·(1 − α) (`small`).
 */
export function posterior(
  { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext }: PlanStep,
  variance: SamplerOptions['variance'],
): { x0: number; x: number; noise: number } {
  // γ' − γ is computed from the smaller of γ and 1 − γ, because the smaller one has more digits.
  const gain = gammaNext < 0.5 ? gammaNext - gamma : oneMinusGamma - oneMinusGammaNext;
  const oneMinusAlpha = Math.min(Math.max(gain / gammaNext, 0), 1);
  const alpha = Math.min(gamma / gammaNext, 1);
  // A steep schedule can round 1 − γ to 0. Then x has no noise left, and stays.
  const kept = oneMinusGamma > 0 ? oneMinusGammaNext / oneMinusGamma : 0;
  const share = oneMinusGamma > 0 ? oneMinusAlpha / oneMinusGamma : 1;
  return {
    x0: Math.sqrt(gammaNext) * share,
    x: Math.sqrt(alpha) * kept,
    noise: Math.sqrt(variance === 'large' ? oneMinusAlpha : kept * oneMinusAlpha),
  };
}
