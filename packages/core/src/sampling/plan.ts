import { gamma, oneMinusGamma, type Schedule } from '../schedules.js';

/** The options of a plan: these keys of the `sampling` section of a configuration. */
export interface PlanOptions {
  /** number N of steps, at least 1 */
  readonly steps: number;
  readonly schedule: Schedule;
  /** asymmetric time interval td, in steps; at least 0 */
  readonly timeDelta: number;
}

/** A step from the time t to the time t' = tNext, with the signal levels γ at both. All numbers are float64. */
export interface PlanStep {
  /** times in [0, 1]: 0 = data, 1 = noise */
  readonly t: number;
  readonly tNext: number;
  /** γ(t), and 1 − γ(t) with all its digits */
  readonly gamma: number;
  readonly oneMinusGamma: number;
  /** the same at t' */
  readonly gammaNext: number;
  readonly oneMinusGammaNext: number;
}

/**
 * The steps of a sampling, from t = 1 down to 0. Step i goes from t = 1 − i/N to t' = max(1 − (i + 1 + td)/N, 0). Step
 * i + 1 starts at 1 − (i + 1)/N for any td (asymmetric time intervals: Chen, Zhang & Hinton 2022, "Analog Bits").
 */
export function plan({ steps, schedule, timeDelta }: PlanOptions): PlanStep[] {
  return Array.from({ length: steps }, (_, i) => {
    const t = (steps - i) / steps;
    const tNext = Math.max(steps - i - 1 - timeDelta, 0) / steps;
    return {
      t,
      tNext,
      gamma: gamma(schedule, t),
      oneMinusGamma: oneMinusGamma(schedule, t),
      gammaNext: gamma(schedule, tNext),
      oneMinusGammaNext: oneMinusGamma(schedule, tNext),
    };
  });
}
