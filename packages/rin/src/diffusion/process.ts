import { epsOf, estimateOf, levelFactors } from '@rin/core';
import { type Device, type Tensor, tensor } from '@rin/torch';
import type { DiffusionConfig } from '../config/diffusion.js';

/**
 * Signal levels of a batch, and factors that broadcast over its samples. They are computed in float64 and rounded once.
 *
 *     x_t = √γ·x + √(1 − γ)·ε = signal·x + noise·ε      (paper, section 3)
 */
export interface Levels {
  /** √γ and √(1 − γ), float32 [B, 1, …] */
  readonly signal: Tensor;
  readonly noise: Tensor;
  /** γ of each sample, for the network */
  readonly gamma: readonly number[];
  /** the divisor of `normalizeInput: expected`, √(γ·v·b² + 1 − γ) with v the mean square of the data, float32 [B, 1, …] */
  readonly deviation: Tensor;
}

/**
 * The levels of a batch.
 * @param gammas          γ of each sample, in [0, 1]
 * @param oneMinusGammas  1 − γ of each sample, computed without cancellation
 * @param axes            axes of a sample, channels included
 * @param meanSquare      mean square of the data in [−1, 1]
 */
export function levels(
  gammas: readonly number[],
  oneMinusGammas: readonly number[],
  { inputScale, axes, meanSquare, device }: { inputScale: number; axes: number; meanSquare: number; device: Device },
): Levels {
  const factors = gammas.map((gamma, i) => levelFactors(gamma, oneMinusGammas[i], { inputScale, meanSquare }));
  const column = (name: 'signal' | 'noise' | 'deviation'): Tensor =>
    tensor(
      Float32Array.from(factors, (each) => each[name]),
      [gammas.length, ...new Array<number>(axes).fill(1)],
      { device },
    );
  return { signal: column('signal'), noise: column('noise'), gamma: gammas, deviation: column('deviation') };
}

/** Bytes 0 … 255 to (2·byte/255 − 1)·b. */
export const toSignal = (pixels: Tensor, inputScale: number): Tensor =>
  pixels
    .float()
    .mul((2 * inputScale) / 255)
    .sub(inputScale);

/** The inverse of `toSignal`, rounded and limited to 0 … 255. */
export const toPixels = (x: Tensor, inputScale: number): Tensor =>
  x
    .float()
    .mul(255 / (2 * inputScale))
    .add(127.5)
    .clamp(0, 255)
    .round()
    .to('uint8');

/** x_t = √γ·x + √(1 − γ)·ε */
export const addNoise = (x: Tensor, eps: Tensor, { signal, noise }: Levels): Tensor =>
  x.mul(signal).add(eps.mul(noise));

/** The network's input: x_t itself, or x_t divided by a standard deviation (Chen 2023, arXiv 2301.10972, section 2.2). */
export function networkInput(xt: Tensor, { normalizeInput }: DiffusionConfig, { deviation }: Levels): Tensor {
  if (normalizeInput === 'none') return xt;
  if (normalizeInput === 'expected') return xt.div(deviation);
  const axes = xt.shape.map((_, axis) => axis).slice(1);
  return xt.div(xt.std(axes, { correction: 0, keepdim: true }));
}

/** v = √γ·ε − √(1 − γ)·x (Salimans & Ho 2022, section 4) */
export const velocity = (x: Tensor, eps: Tensor, { signal, noise }: Levels): Tensor =>
  eps.mul(signal).sub(x.mul(noise));

/** x̂₀ and ε̂, the estimates of the data and of the noise; both [B, C, ...size] */
export interface Estimates {
  readonly x0: Tensor;
  readonly eps: Tensor;
}

/**
 * Reads an output of the network by its prediction type: x̂₀ by `estimateOf`, and ε̂:
 *
 *     x     ε̂ = (x_t − √γ·x̂₀)/√(1 − γ)
 *     eps   ε̂ = output
 *     v     ε̂ = √(1 − γ)·x_t + √γ·output
 *
 * @param output, xt  [B, C, ...size]
 * @param clip        limits x̂₀ to [−clip, clip]. ε̂ follows the limited x̂₀ only if the network predicts x. Samplers always
 *                    use `epsOf` the limited x̂₀.
 */
export function readPrediction(
  output: Tensor,
  xt: Tensor,
  prediction: DiffusionConfig['prediction'],
  at: Levels,
  clip?: number,
): Estimates {
  const x0 = estimateOf(output, xt, prediction, at, clip);
  switch (prediction) {
    case 'x':
      return { x0, eps: epsOf(xt, x0, at) };
    case 'eps':
      return { x0, eps: output };
    case 'v':
      return { x0, eps: xt.mul(at.noise).add(output.mul(at.signal)) };
  }
}
