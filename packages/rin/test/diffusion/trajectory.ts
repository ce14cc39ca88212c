import type { SamplingConfig } from '../../src/config/diffusion.js';
import { draws, gammaOf } from './formulas.js';

/** What an ideal network knows: x̂₀ of every pixel from x_t and γ. */
export type Denoiser = (xt: number, gamma: number, pixel: number) => number;

export interface Trajectory {
  /** of each step: γ, the x it began with, and x̂₀ */
  readonly steps: { gamma: number; x: number[]; estimate: number[] }[];
  readonly result: number[];
}

/** One picture as reference.md, §3 defines the samplers, in float64 and in the published form of the DDPM step. */
export function trajectory(
  { steps, sampler, schedule, variance, timeDelta, clip }: SamplingConfig,
  { seed, length, inputScale = 1 }: { seed: number; length: number; inputScale?: number },
  denoise: Denoiser,
): Trajectory {
  const taken: Trajectory['steps'] = [];
  let x = draws(0, 'sampleStart', seed, 0, length);
  for (let i = 0; i < steps; i++) {
    const gamma = gammaOf(schedule, 1 - i / steps);
    const next = gammaOf(schedule, Math.max(1 - (i + 1 + timeDelta) / steps, 0));
    const estimate = x.map((value, pixel) => {
      const x0 = denoise(value, gamma, pixel);
      return clip ? Math.min(Math.max(x0, -inputScale), inputScale) : x0;
    });
    taken.push({ gamma, x, estimate });
    const noise = draws(0, 'sampleStep', seed, i, length);
    const alpha = Math.min(gamma / next, 1);
    const ddpmVariance = variance === 'large' ? 1 - alpha : ((1 - next) / (1 - gamma)) * (1 - alpha);
    x = x.map((value, pixel) => {
      const x0 = estimate[pixel];
      const eps = (value - Math.sqrt(gamma) * x0) / Math.sqrt(1 - gamma);
      if (sampler === 'ddim') return Math.sqrt(next) * x0 + Math.sqrt(1 - next) * eps;
      const mean = (value - ((1 - alpha) / Math.sqrt(1 - gamma)) * eps) / Math.sqrt(alpha);
      return mean + Math.sqrt(ddpmVariance) * noise[pixel];
    });
  }
  return { steps: taken, result: taken[steps - 1].estimate };
}
