import { gamma, oneMinusGamma, type Schedule } from '../schedules.js';

/** How a sampler steps. */
export interface StepOptions {
  /** number N of steps */
  readonly steps: number;
  readonly sampler: 'ddim' | 'ddpm';
  readonly schedule: Schedule;
  /** of the noise of a DDPM step */
  readonly variance: 'large' | 'small';
  /** asymmetric time interval td, in steps */
  readonly timeDelta: number;
}

/**
 * One step of a sampler, from x at gamma to the next x at gammaNext (paper, section 3), in float64:
 *
 *     x <- x0 * x̂₀ + x * x + eps * ε̂ + noise * z,   z standard normal
 *
 * where x̂₀ is the (clipped) estimate of the data and ε̂ = (x - sqrt(gamma) x̂₀) / sqrt(1 - gamma) goes with it.
 */
export interface SamplerStep {
  /** times of this step and of the next x, in [0, 1] */
  t: number;
  tNext: number;
  /** signal levels, and 1 - gamma with full precision */
  gamma: number;
  oneMinusGamma: number;
  gammaNext: number;
  oneMinusGammaNext: number;
  /** the factors of the sum above */
  x0: number;
  x: number;
  eps: number;
  noise: number;
}

/**
 * The steps of a sampler, in their order, from t = 1 down. Step i goes from t = 1 - i/N to t' = max(1 - (i+1+td)/N, 0) and
 * step i + 1 starts again at 1 - (i+1)/N. What is sampled is the last x̂₀; the x after the last step is not used.
 */
export function samplerSteps(sampling: StepOptions): SamplerStep[] {
  const { steps, sampler, schedule, variance, timeDelta } = sampling;
  return Array.from({ length: steps }, (_, i) => {
    const t = (steps - i) / steps;
    const tNext = Math.max(steps - i - 1 - timeDelta, 0) / steps;
    const levels = {
      t,
      tNext,
      gamma: gamma(schedule, t),
      oneMinusGamma: oneMinusGamma(schedule, t),
      gammaNext: gamma(schedule, tNext),
      oneMinusGammaNext: oneMinusGamma(schedule, tNext),
    };
    return { ...levels, ...(sampler === 'ddim' ? ddim(levels) : ddpm(levels, variance)) };
  });
}

type Levels = Pick<SamplerStep, 'gamma' | 'oneMinusGamma' | 'gammaNext' | 'oneMinusGammaNext'>;
type Factors = Pick<SamplerStep, 'x0' | 'x' | 'eps' | 'noise'>;

/** Deterministic (Song et al. 2021, eta = 0): sqrt(gamma') x̂₀ + sqrt(1 - gamma') ε̂. */
function ddim({ gammaNext, oneMinusGammaNext }: Levels): Factors {
  return { x0: Math.sqrt(gammaNext), x: 0, eps: Math.sqrt(oneMinusGammaNext), noise: 0 };
}

/**
 * Ancestral (Ho et al. 2020): the mean of the posterior q(x' | x, x̂₀), plus noise of variance 1 - alpha (large) or
 * (1 - gamma')/(1 - gamma) (1 - alpha) (small), with alpha = gamma / gamma'. The form (x - (1 - alpha)/sqrt(1 - gamma) ε̂)
 * / sqrt(alpha) of the mean is the same, but cancels.
 */
function ddpm(levels: Levels, variance: StepOptions['variance']): Factors {
  const { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext } = levels;
  // gamma' - gamma from whichever of gamma and 1 - gamma is small and so has the digits
  const gain = gammaNext < 0.5 ? gammaNext - gamma : oneMinusGamma - oneMinusGammaNext;
  const oneMinusAlpha = Math.min(Math.max(gain / gammaNext, 0), 1);
  const alpha = Math.min(gamma / gammaNext, 1);
  // Without noise left (a schedule so steep that 1 - gamma rounds to 0) x is the data already, and stays.
  const kept = oneMinusGamma > 0 ? oneMinusGammaNext / oneMinusGamma : 0;
  const share = oneMinusGamma > 0 ? oneMinusAlpha / oneMinusGamma : 1;
  return {
    x0: Math.sqrt(gammaNext) * share,
    x: Math.sqrt(alpha) * kept,
    eps: 0,
    noise: Math.sqrt(variance === 'large' ? oneMinusAlpha : kept * oneMinusAlpha),
  };
}
