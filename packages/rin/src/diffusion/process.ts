import { type Device, type Tensor, tensor } from '@rin/torch';
import type { DiffusionConfig } from '../config/diffusion.js';

/**
 * Signal levels of a batch as factors that broadcast over its samples, computed in float64 and rounded once:
 * x_t = signal·x + noise·ε with signal = √γ, noise = √(1 − γ) (paper, section 3).
 */
export interface Levels {
  /** √γ and √(1 − γ), float32 [B, 1, …] */
  readonly signal: Tensor;
  readonly noise: Tensor;
  /** γ, float64 [B]: what the network is given */
  readonly gamma: Tensor;
  /** what `normalizeInput: expected` divides by, float32 [B, 1, …] */
  readonly deviation: Tensor;
}

/**
 * @param gammas          γ of each sample
 * @param oneMinusGammas  1 − γ of each sample, by its own formula
 * @param meanSquare      mean square of the data in [−1, 1]
 */
export function levels(
  gammas: readonly number[],
  oneMinusGammas: readonly number[],
  { inputScale, axes, meanSquare, device }: { inputScale: number; axes: number; meanSquare: number; device: Device },
): Levels {
  const column = (value: (i: number) => number): Tensor =>
    tensor(
      Float32Array.from(gammas, (_, i) => value(i)),
      [gammas.length, ...new Array<number>(axes).fill(1)],
      { device },
    );
  return {
    signal: column((i) => Math.sqrt(gammas[i])),
    noise: column((i) => Math.sqrt(oneMinusGammas[i])),
    gamma: tensor(Float64Array.from(gammas), [gammas.length], { device }),
    deviation: column((i) => Math.sqrt(gammas[i] * meanSquare * inputScale ** 2 + oneMinusGammas[i])),
  };
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

/** What the network sees of x_t: itself, or divided by a standard deviation (Chen 2023, arXiv 2301.10972). */
export function networkInput(xt: Tensor, { normalizeInput }: DiffusionConfig, { deviation }: Levels): Tensor {
  if (normalizeInput === 'none') return xt;
  if (normalizeInput === 'expected') return xt.div(deviation);
  const axes = xt.shape.map((_, axis) => axis).slice(1);
  return xt.div(xt.std(axes, { correction: 0, keepdim: true }));
}

/** What an output says of the data and of the noise. */
export interface Estimate {
  readonly x: Tensor;
  readonly eps: Tensor;
}

/** ε̂ that goes with an x̂₀: (x_t − √γ·x̂₀)/√(1 − γ) */
export const epsOf = (xt: Tensor, x: Tensor, { signal, noise }: Levels): Tensor => xt.sub(x.mul(signal)).div(noise);

/**
 * Reads an output by its prediction type: ε; x; or v = √γ·ε − √(1 − γ)·x.
 * @param clip  limit x̂₀ to [−clip, clip]. ε̂ follows the limited x̂₀ where the network predicts x, and stays where it is
 *              what the network says itself; samplers take `epsOf` the limited x̂₀ in any case.
 */
export function estimate(
  output: Tensor,
  xt: Tensor,
  prediction: DiffusionConfig['prediction'],
  at: Levels,
  clip?: number,
): Estimate {
  const limited = (x: Tensor): Tensor => (clip === undefined ? x : x.clamp(-clip, clip));
  const { signal, noise } = at;
  switch (prediction) {
    case 'x': {
      const x = limited(output);
      return { x, eps: epsOf(xt, x, at) };
    }
    case 'eps':
      return { x: limited(xt.sub(output.mul(noise)).div(signal)), eps: output };
    case 'v':
      return { x: limited(xt.mul(signal).sub(output.mul(noise))), eps: xt.mul(noise).add(output.mul(signal)) };
  }
}
