import { type Tensor, tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { type DenoiseProgress, denoise } from '../../src/diffusion/denoise.js';
import type { RIN } from '../../src/model/rin.js';
import { numbers } from './scripted.js';

/** Samples two pictures, unless told otherwise; their values. */
export const run = async (
  rin: RIN,
  { diffusion, sampling }: Config,
  options: {
    seeds?: number[];
    condition?: Tensor | null;
    given?: Tensor;
    section?: number;
    onStep?: (progress: DenoiseProgress) => void;
  } = {},
) => {
  using x = await denoise(rin, diffusion, sampling, { seeds: [5, 6], condition: null, meanSquare: 0.3, ...options });
  return numbers(x);
};

/** Classes as one-hot rows. */
export const classRows = (...labels: number[]) =>
  tensor(labels.map((label) => [0, 1, 2].map((place) => (place === label ? 1 : 0))));

/** A number for each sample of a pass, as a tensor of that shape. */
export const filled = (values: number[], shape: number[]) =>
  tensor(Float32Array.from(values), [values.length, ...shape.map(() => 1)]).expand([values.length, ...shape]);
