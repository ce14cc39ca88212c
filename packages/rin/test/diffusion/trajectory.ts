import type { SamplingConfig } from '../../src/config/diffusion.js';
import { draws, gammaOf } from './formulas.js';

/** What an ideal network knows: x̂₀ of every pixel from x_t and γ. */
export type Denoiser = (xt: number, gamma: number, pixel: number) => number;

export interface Trajectory {
  /** of each step: γ, the x it began with, and x̂₀ */
  readonly steps: { gamma: number; x: number[]; estimate: number[] }[];
  readonly result: number[];
}

/** One picture as reference.md, §3 and the papers define the samplers, in float64 and in the published form of each step. */
export function trajectory(
  sampling: SamplingConfig,
  { seed, length, inputScale = 1 }: { seed: number; length: number; inputScale?: number },
  denoise: Denoiser,
): Trajectory {
  const { steps, schedule, timeDelta, clip } = sampling;
  const taken: Trajectory['steps'] = [];
  const estimateOf = (x: readonly number[], gamma: number) =>
    x.map((value, pixel) => {
      const x0 = denoise(value, gamma, pixel);
      return clip ? Math.min(Math.max(x0, -inputScale), inputScale) : x0;
    });
  let x = draws(0, 'sampleStart', seed, 0, length);
  for (let i = 0; i < steps; i++) {
    const gamma = gammaOf(schedule, 1 - i / steps);
    const next = gammaOf(schedule, Math.max(1 - (i + 1 + timeDelta) / steps, 0));
    const estimate = estimateOf(x, gamma);
    const noise = draws(0, 'sampleStep', seed, i, length);
    const step = { gamma, next, before: taken.at(-1), estimateOf };
    taken.push({ gamma, x, estimate });
    x = following[sampling.sampler](sampling, x, estimate, noise, step);
  }
  return { steps: taken, result: taken[steps - 1].estimate };
}

interface Step {
  readonly gamma: number;
  readonly next: number;
  readonly before: Trajectory['steps'][number] | undefined;
  readonly estimateOf: (x: readonly number[], gamma: number) => number[];
}

type Following = (
  sampling: SamplingConfig,
  x: readonly number[],
  estimate: readonly number[],
  noise: readonly number[],
  step: Step,
) => number[];

const epsOf = (x: number, x0: number, gamma: number) => (x - Math.sqrt(gamma) * x0) / Math.sqrt(1 - gamma);

/** λ = ln(√γ/√(1 − γ)) */
const lambda = (gamma: number) => Math.log(Math.sqrt(gamma) / Math.sqrt(1 - gamma));

/**
 * D of DPM-Solver++(2M): (1 + 1/2r)·x̂₀ − 1/2r·(x̂₀ before), r = (h before)/h, at least ½; x̂₀ alone in the first and in an
 * endless step.
 */
function extrapolated(estimate: readonly number[], { gamma, next, before }: Step): number[] {
  if (!before || next === 1) return [...estimate];
  const r = Math.max((lambda(gamma) - lambda(before.gamma)) / (lambda(next) - lambda(gamma)), 0.5);
  return estimate.map((x0, pixel) => (1 + 1 / (2 * r)) * x0 - (1 / (2 * r)) * before.estimate[pixel]);
}

/** x of the next step. */
const following: Record<SamplingConfig['sampler'], Following> = {
  // Song et al. 2021, eq. 12 and 16
  ddim({ eta }, x, estimate, noise, { gamma, next }) {
    const sigma = eta * Math.sqrt((1 - next) / (1 - gamma)) * Math.sqrt(Math.max(1 - gamma / next, 0));
    return estimate.map((x0, pixel) => {
      const eps = epsOf(x[pixel], x0, gamma);
      return Math.sqrt(next) * x0 + Math.sqrt(Math.max(1 - next - sigma ** 2, 0)) * eps + sigma * noise[pixel];
    });
  },
  // Ho et al. 2020, algorithm 2
  ddpm({ variance: kind }, x, estimate, noise, { gamma, next }) {
    const alpha = Math.min(gamma / next, 1);
    const variance = kind === 'large' ? 1 - alpha : ((1 - next) / (1 - gamma)) * (1 - alpha);
    return x.map((value, pixel) => {
      const eps = epsOf(value, estimate[pixel], gamma);
      const mean = (value - ((1 - alpha) / Math.sqrt(1 - gamma)) * eps) / Math.sqrt(alpha);
      return mean + Math.sqrt(variance) * noise[pixel];
    });
  },
  // Heun's method for y = x/√(1 − γ), dy/dκ = x̂₀, κ = √(γ/(1 − γ))
  heun(_, x, estimate, __, { gamma, next, estimateOf }) {
    if (next === 1) return [...estimate];
    const [kappa, kappaNext] = [Math.exp(lambda(gamma)), Math.exp(lambda(next))];
    const scale = Math.sqrt(1 - next);
    const moved = (slope: readonly number[]) =>
      x.map((value, pixel) => scale * (value / Math.sqrt(1 - gamma) + (kappaNext - kappa) * slope[pixel]));
    const end = estimateOf(moved(estimate), next);
    return moved(estimate.map((x0, pixel) => (x0 + end[pixel]) / 2));
  },
  // Lu et al. 2022, "DPM-Solver++", algorithm 2
  dpm2m(_, x, estimate, __, step) {
    const { gamma, next } = step;
    const h = lambda(next) - lambda(gamma);
    return extrapolated(estimate, step).map(
      (d, pixel) => Math.sqrt((1 - next) / (1 - gamma)) * x[pixel] - Math.sqrt(next) * (Math.exp(-h) - 1) * d,
    );
  },
  // the same, SDE-DPM-Solver++(2M)
  dpm2mSde(_, x, estimate, noise, step) {
    const { gamma, next } = step;
    const h = lambda(next) - lambda(gamma);
    const kept = 1 - Math.exp(-2 * h);
    return extrapolated(estimate, step).map(
      (d, pixel) =>
        Math.sqrt((1 - next) / (1 - gamma)) * Math.exp(-h) * x[pixel] +
        Math.sqrt(next) * kept * d +
        Math.sqrt((1 - next) * kept) * noise[pixel],
    );
  },
};
