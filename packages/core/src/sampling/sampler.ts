import type { PlanStep } from './plan.js';

/*
 * A sampler is a generator of plain numbers. It yields the x to evaluate, as a linear combination, and gets the names of the
 * results back. The driver holds the tensors or arrays: libtorch in Node, the exported graph in a browser.
 */

/** The name of a tensor. A driver keeps the results of the last two evaluations; older names fail. */
export type Quantity =
  /** the standard normal noise at the start of a sampling */
  | { readonly of: 'start' }
  /** fresh standard normal noise, drawn for a step of the plan; `repetition` counts from 0 (see `inpaint`) */
  | { readonly of: 'noise'; readonly step: number; readonly repetition?: number }
  /** of an evaluation, counted from 0: its x, the estimate x̂₀ of the data, and ε̂ = (x − √γ·x̂₀)/√(1 − γ) */
  | { readonly of: 'x' | 'x0' | 'eps'; readonly evaluation: number }
  /** in-painting: the known picture; `known` in its known pixels and `drawn` in the others; noise of its own */
  | { readonly of: 'known' }
  | { readonly of: 'mixed'; readonly drawn: Combination; readonly known: Combination }
  | { readonly of: 'knownNoise' | 'jumpNoise'; readonly step: number; readonly repetition: number };

/** factor · quantity */
export type Term = readonly [factor: number, quantity: Quantity];

/** A sum of terms, added from left to right. After the first term, terms of factor 0 are skipped. */
export type Combination = readonly [Term, ...Term[]];

/** A request of a sampler: evaluate the network at x and γ. */
export interface Evaluation {
  /** step of the plan, counted from 0; a sampler may evaluate more than once in a step */
  readonly step: number;
  /** in-painting: how often the step was denoised before */
  readonly repetition?: number;
  readonly gamma: number;
  readonly oneMinusGamma: number;
  readonly x: Combination;
}

/** The names of an evaluation's results. */
export interface Evaluated {
  readonly x: Quantity;
  readonly x0: Quantity;
  readonly eps: Quantity;
}

/** The names of an evaluation, counted from 0. */
export const evaluated = (evaluation: number): Evaluated => ({
  x: { of: 'x', evaluation },
  x0: { of: 'x0', evaluation },
  eps: { of: 'eps', evaluation },
});

/** A running sampler. It returns the picture. */
export type Sampling = Generator<Evaluation, Combination, Evaluated>;

/** All evaluations that a new sampling will ask for. They do not depend on the results. */
export function evaluationsOf(sampling: Sampling): Evaluation[] {
  const evaluations: Evaluation[] = [];
  let wanted = sampling.next();
  for (; !wanted.done; wanted = sampling.next(evaluated(evaluations.length - 1))) evaluations.push(wanted.value);
  return evaluations;
}

/** Options of a sampler, apart from its plan. */
export interface SamplerOptions {
  /** variance of the noise that DDPM adds */
  readonly variance: 'large' | 'small';
  /** η of DDIM, in [0, 1]: 0 adds no noise, 1 adds that of DDPM with the `small` variance */
  readonly eta: number;
}

/** A sampler. It goes through the steps of a plan. */
export type Sampler = (steps: readonly PlanStep[], options: SamplerOptions) => Sampling;

/** The start of every sampling: pure noise. */
export const start: Combination = [[1, { of: 'start' }]];
