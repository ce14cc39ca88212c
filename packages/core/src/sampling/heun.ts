import { flow } from './flow.js';
import type { PlanStep } from './plan.js';
import { type Sampling, start } from './sampler.js';

/**
 * Heun's method of second order for the flow d(x/√(1 − γ))/dκ = x̂₀ with κ = √(γ/(1 − γ)), deterministic. A step evaluates
 * at both of its ends and takes the mean of both x̂₀. The last step evaluates once, and its x̂₀ is the picture, as in Karras et
 * al. 2022, algorithm 1. N steps are 2N − 1 evaluations.
 */
export function* heun(steps: readonly PlanStep[]): Sampling {
  let x = start;
  let picture = start;
  for (const [step, at] of steps.entries()) {
    const { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext } = at;
    const begin = yield { step, gamma, oneMinusGamma, x };
    picture = [[1, begin.x0]];
    const factors = flow(at);
    x = [
      [factors.x0, begin.x0],
      [factors.x, begin.x],
    ];
    // Behind the last step nothing is evaluated. Where γ' is 1, the network would be asked for the noise of pure data.
    if (step === steps.length - 1 || oneMinusGammaNext === 0) continue;
    const end = yield { step, gamma: gammaNext, oneMinusGamma: oneMinusGammaNext, x };
    x = [
      [factors.x0 / 2, begin.x0],
      [factors.x0 / 2, end.x0],
      [factors.x, begin.x],
    ];
  }
  return picture;
}
