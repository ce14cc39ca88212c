import type { PlanStep } from './plan.js';

/*
 * A sampler is a generator of plain numbers. It yields the x that it wants evaluated, as a linear combination, and gets names
 * for the results back. Whoever drives it holds the tensors (or arrays): libtorch in Node, the exported graph in a browser.
 */

/** The name of a tensor. A driver keeps the results of the last two evaluations; older names fail. */
export type Quantity =
  /** the standard normal noise that a sampling starts from */
  | { readonly of: 'start' }
  /** fresh standard normal noise, drawn for a step of the plan */
  | { readonly of: 'noise'; readonly step: number }
  /** of an evaluation, counted from 0: its x, the estimate x̂₀ of the data, and ε̂ = (x − √γ·x̂₀)/√(1 − γ) */
  | { readonly of: 'x' | 'x0' | 'eps'; readonly evaluation: number };

/** factor · quantity */
export type Term = readonly [factor: number, quantity: Quantity];

/** A sum of terms, added from left to right; a term of factor 0 behind the first one is left out. */
export type Combination = readonly [Term, ...Term[]];

/** What a sampler wants evaluated: the network at x and γ. */
export interface Evaluation {
  /** step of the plan that it belongs to, from 0 */
  readonly step: number;
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

/** A sampling under way. It returns the picture. */
export type Sampling = Generator<Evaluation, Combination, Evaluated>;

/** How a sampler steps, besides its plan. */
export interface SamplerOptions {
  /** variance of the noise that DDPM adds */
  readonly variance: 'large' | 'small';
}

/** A sampler: it goes through the steps of a plan. */
export type Sampler = (steps: readonly PlanStep[], options: SamplerOptions) => Sampling;

/** Where every sampling starts: pure noise. */
export const start: Combination = [[1, { of: 'start' }]];
