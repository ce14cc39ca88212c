import { extrapolation, flow } from './flow.js';
import type { PlanStep } from './plan.js';
import { type Evaluated, type Sampling, start, type Term } from './sampler.js';

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2), of second order, deterministic: DDIM's step with an x̂₀ that is extrapolated
 * from this evaluation and the one before. The first step is DDIM's. The picture is the last x̂₀.
 */
export function* dpm2m(steps: readonly PlanStep[]): Sampling {
  let x = start;
  let picture = start;
  let before: Evaluated | undefined;
  for (const [step, at] of steps.entries()) {
    const { gamma, oneMinusGamma } = at;
    const found: Evaluated = yield { step, gamma, oneMinusGamma, x };
    const factors = flow(at);
    x = [[factors.x, found.x], ...extrapolated(factors.x0, extrapolation(steps[step - 1], at), found, before)];
    picture = [[1, found.x0]];
    before = found;
  }
  return picture;
}

/** factor·(x̂₀ + share·(x̂₀ − previous x̂₀)) */
export function extrapolated(factor: number, share: number, now: Evaluated, before: Evaluated | undefined): Term[] {
  if (before === undefined || share === 0) return [[factor, now.x0]];
  return [
    [factor * (1 + share), now.x0],
    [-factor * share, before.x0],
  ];
}
