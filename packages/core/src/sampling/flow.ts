import { posterior } from './ddpm.js';
import type { PlanStep } from './plan.js';

/*
 * Sampling without noise follows the probability flow (Song et al. 2021). With κ = √(γ/(1 − γ)) it is
 *
 *     d(x/√(1 − γ))/dκ = x̂₀(x, γ)
 *
 * The samplers of higher order differ in the x̂₀ that they take for a whole step.
 */

/**
 * The step of the flow for a constant x̂₀, as factors of x and of x̂₀: x' = √((1 − γ')/(1 − γ))·x + √γ'·(1 − e⁻ʰ)·x̂₀, where
 * h is the step of ln κ. This is DDIM's step with η = 0.
 */
export function flow(at: PlanStep): { x: number; x0: number } {
  const { gamma, oneMinusGamma, gammaNext, oneMinusGammaNext } = at;
  // A steep schedule can round 1 − γ to 0. Then x has no noise left.
  if (oneMinusGamma === 0) return { x: 0, x0: Math.sqrt(gammaNext) };
  const x = Math.sqrt(oneMinusGammaNext / oneMinusGamma);
  // e⁻ʰ = √(γ/γ')·x, and 1 − e⁻ʰ = (1 − e⁻²ʰ)/(1 + e⁻ʰ) keeps the digits for small h.
  return { x, x0: posterior(at, 'small').x0 / (1 + Math.sqrt(gamma / gammaNext) * x) };
}

/**
 * The share c by which DPM-Solver++(2M) extrapolates: x̂₀ + c·(x̂₀ − previous x̂₀), c = h/(2·h of the step before), where h is
 * a step of ln κ (Lu et al. 2022, "DPM-Solver++", algorithm 2). c is at most 1, because a line says nothing about a far point:
 * steep schedules and a time delta have steps that are much longer than the one before. Other steps stay below 1. c is 0
 * in the first step, and where a step has no length or no end in ln κ.
 * @param before  the step before; undefined in the first step
 */
export function extrapolation(before: PlanStep | undefined, at: PlanStep): number {
  if (before === undefined) return 0;
  const here = logarithm(at.gamma, at.oneMinusGamma);
  const there = logarithm(at.gammaNext, at.oneMinusGammaNext);
  const share = (there - here) / (2 * (here - logarithm(before.gamma, before.oneMinusGamma)));
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
}

/** ln κ */
const logarithm = (gamma: number, oneMinusGamma: number): number => Math.log(gamma / oneMinusGamma) / 2;
