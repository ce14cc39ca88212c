import type { Arithmetic } from './arithmetic.js';

/** What a network may predict: a value of `diffusion.prediction`. */
export type Prediction = 'eps' | 'x' | 'v';

/**
 * The factors of a signal level: √γ and √(1 − γ) of x_t = √γ·x + √(1 − γ)·ε (paper, section 3), and the divisor of
 * `normalizeInput: expected`, √(γ·v·b² + 1 − γ).
 * @param gamma          γ in [0, 1]
 * @param oneMinusGamma  1 − γ, computed without cancellation
 * @param inputScale     b: the data are in [−b, b]
 * @param meanSquare     v, mean square of the data in [−1, 1]
 */
export function levelFactors(
  gamma: number,
  oneMinusGamma: number,
  { inputScale, meanSquare }: { readonly inputScale: number; readonly meanSquare: number },
): { signal: number; noise: number; deviation: number } {
  return {
    signal: Math.sqrt(gamma),
    noise: Math.sqrt(oneMinusGamma),
    deviation: Math.sqrt(gamma * meanSquare * inputScale ** 2 + oneMinusGamma),
  };
}

/** √γ and √(1 − γ): the same for all samples, or values that broadcast over them. */
export interface SignalAndNoise<T> {
  readonly signal: T | number;
  readonly noise: T | number;
}

/** ε̂ = (x_t − √γ·x̂₀)/√(1 − γ), the noise that belongs to an x̂₀ */
export const epsOf = <T extends Arithmetic<T>>(xt: T, x0: T, { signal, noise }: SignalAndNoise<T>): T =>
  xt.sub(x0.mul(signal)).div(noise);

/**
 * The estimate x̂₀ of the data from an output of the network, by its prediction type:
 *
 *     x     x̂₀ = output
 *     eps   x̂₀ = (x_t − √(1 − γ)·output)/√γ
 *     v     x̂₀ = √γ·x_t − √(1 − γ)·output        (Salimans & Ho 2022, section 4)
 *
 * @param output, xt  [B, C, ...size]
 * @param clip        limits x̂₀ to [−clip, clip]; undefined = no limit
 */
export function estimateOf<T extends Arithmetic<T>>(
  output: T,
  xt: T,
  prediction: Prediction,
  { signal, noise }: SignalAndNoise<T>,
  clip?: number,
): T {
  const x0 =
    prediction === 'x'
      ? output
      : prediction === 'eps'
        ? xt.sub(output.mul(noise)).div(signal)
        : xt.mul(signal).sub(output.mul(noise));
  return clip === undefined ? x0 : x0.clamp(-clip, clip);
}
