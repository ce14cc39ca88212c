import { posterior } from './ddpm.js';
import { extrapolated } from './dpm2m.js';
import { extrapolation } from './flow.js';
import type { PlanStep } from './plan.js';
import { type Evaluated, type Sampling, start } from './sampler.js';

/**
 * SDE-DPM-Solver++(2M) (Lu et al. 2022, section 5): DDPM's step with the `small` variance, with the extrapolated x̂₀ of
 * `dpm2m`. The picture is the last x̂₀.
 */
export function* dpm2mSde(steps: readonly PlanStep[]): Sampling {
  let x = start;
  let picture = start;
  let before: Evaluated | undefined;
  for (const [step, at] of steps.entries()) {
    const { gamma, oneMinusGamma } = at;
    const found: Evaluated = yield { step, gamma, oneMinusGamma, x };
    const factors = posterior(at, 'small');
    x = [
      [factors.x, found.x],
      ...extrapolated(factors.x0, extrapolation(steps[step - 1], at), found, before),
      [factors.noise, { of: 'noise', step }],
    ];
    picture = [[1, found.x0]];
    before = found;
  }
  return picture;
}
