import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import type { SamplingConfig } from '../../src/config/diffusion.js';
import { denoise } from '../../src/diffusion/denoise.js';
import { near, nearAll } from '../model/reference/near.js';
import { gammaOf, mean, variance } from './formulas.js';
import { configure, numbers, Scripted } from './scripted.js';
import { type Denoiser, trajectory } from './trajectory.js';

// Samplers with the network that is best for data of which everything is known: independent pixels, normal with a mean of
// their own and one deviation. Its answer is the posterior mean E[x | x_t], so that every step has a closed form.

const length = 24;
const deviation = 0.35;
const centre = (pixel: number) => 0.5 * Math.sin(pixel);

/** E[x | x_t]: what prior and noise weigh. */
const posterior: Denoiser = (xt, gamma, pixel) => {
  const share = (Math.sqrt(gamma) * deviation ** 2) / (gamma * deviation ** 2 + 1 - gamma);
  return centre(pixel) + share * (xt - Math.sqrt(gamma) * centre(pixel));
};

/** A network that answers so, as ε, x or v. */
function ideal(config: Config): Scripted {
  const { prediction } = config.diffusion;
  return new Scripted(config, (x, gamma) => {
    const [batch] = x.shape;
    const answers = numbers(x).map((xt, i) => {
      const at = gamma[Math.floor(i / length)];
      const [signal, noise] = [Math.sqrt(at), Math.sqrt(1 - at)];
      const x0 = posterior(xt, at, i % length);
      const eps = (xt - signal * x0) / noise;
      return { x: x0, eps, v: signal * eps - noise * x0 }[prediction];
    });
    return { prediction: tensor(Float32Array.from(answers), [batch, 1, 4, 6]) };
  });
}

const sampled = async (config: Config, seeds: number[]) => {
  using x = await denoise(ideal(config), config.diffusion, config.sampling, { seeds, condition: null, meanSquare: 1 });
  return numbers(x);
};

const cases: Partial<SamplingConfig>[] = [
  { sampler: 'ddim' },
  { sampler: 'ddpm', variance: 'large' },
  { sampler: 'ddpm', variance: 'small' },
  { sampler: 'ddim', timeDelta: 0.7 },
  { sampler: 'ddpm', timeDelta: 1.5 },
  { sampler: 'ddpm', steps: 1 },
  { sampler: 'ddpm', steps: 37 },
  { sampler: 'ddim', schedule: { kind: 'linear' } },
  { sampler: 'ddpm', schedule: { kind: 'sigmoid', start: -3, end: 3, tau: 1.1 } },
  { sampler: 'ddpm', schedule: { kind: 'cosine-nichol' } },
  { sampler: 'ddim', eta: 0.4 },
  { sampler: 'ddim', eta: 1, timeDelta: 0.7 },
  { sampler: 'heun' },
  { sampler: 'heun', steps: 1 },
  { sampler: 'heun', timeDelta: 1.5 },
  { sampler: 'heun', schedule: { kind: 'linear' } },
  { sampler: 'dpm2m' },
  { sampler: 'dpm2m', steps: 2 },
  { sampler: 'dpm2m', timeDelta: 0.7 },
  { sampler: 'dpm2m', schedule: { kind: 'sigmoid', start: -3, end: 3, tau: 1.1 } },
  { sampler: 'dpm2mSde' },
  { sampler: 'dpm2mSde', schedule: { kind: 'cosine-nichol' } },
  { sampler: 'heun', clip: true },
  { sampler: 'dpm2m', clip: true },
  { sampler: 'dpm2mSde', clip: true },
  { sampler: 'ddim', clip: true },
  { sampler: 'ddpm', clip: true },
];

for (const options of cases) {
  test(`every pixel goes the way of the formulas: ${JSON.stringify(options)}`, async () => {
    for (const prediction of ['x', 'eps', 'v']) {
      const config = configure({
        diffusion: { prediction, inputScale: 0.6 },
        sampling: { steps: 12, clip: false, ...options },
      });
      const seeds = [3, 2 ** 40 + 5, 0];
      const expected = seeds.flatMap(
        (seed) => trajectory(config.sampling, { seed, length, inputScale: 0.6 }, posterior).result,
      );
      // ε in float32 is known to 1e-7, and divided by √γ = 3e-5 in the first step: 2e-3 of x̂₀, of which the next x takes
      // √γ′; a run of a single step has no next.
      const first = config.sampling.steps === 1 ? 4e-3 : 1e-3;
      nearAll(await sampled(config, seeds), expected, prediction === 'eps' ? first : 1e-5, prediction);
    }
  });
}

/** Mean (as a share of the pixel's own) and variance that the linear recursion of x gives after all steps. */
function recursion({ steps, sampler, schedule, variance: kind }: SamplingConfig): { mean: number; variance: number } {
  let [m, s] = [0, 1];
  for (let i = 0; ; i++) {
    const gamma = gammaOf(schedule, 1 - i / steps);
    const next = gammaOf(schedule, Math.max(1 - (i + 1) / steps, 0));
    // x̂₀ = slope·x + offset·centre
    const slope = (Math.sqrt(gamma) * deviation ** 2) / (gamma * deviation ** 2 + 1 - gamma);
    const offset = 1 - slope * Math.sqrt(gamma);
    if (i === steps - 1) return { mean: slope * m + offset, variance: slope ** 2 * s };
    const alpha = gamma / next;
    const toX0 =
      sampler === 'ddim'
        ? Math.sqrt(next) - Math.sqrt((gamma * (1 - next)) / (1 - gamma))
        : (Math.sqrt(next) * (1 - alpha)) / (1 - gamma);
    const toX =
      sampler === 'ddim' ? Math.sqrt((1 - next) / (1 - gamma)) : (Math.sqrt(alpha) * (1 - next)) / (1 - gamma);
    const added = kind === 'large' ? 1 - alpha : ((1 - next) / (1 - gamma)) * (1 - alpha);
    m = (toX0 * slope + toX) * m + toX0 * offset;
    s = (toX0 * slope + toX) ** 2 * s + (sampler === 'ddim' ? 0 : added);
  }
}

for (const options of [
  { sampler: 'ddim' },
  { sampler: 'ddpm', variance: 'large' },
  { sampler: 'ddpm', variance: 'small' },
] as const) {
  test(`pictures have the mean and the variance of the data: ${JSON.stringify(options)}`, async () => {
    const config = configure({ diffusion: { prediction: 'v' }, sampling: { steps: 60, clip: false, ...options } });
    const seeds = Array.from({ length: 120 }, (_, i) => i);
    const pixels = await sampled(config, seeds);
    const expected = recursion(config.sampling);
    const centred = pixels.map((value, i) => value - expected.mean * centre(i % length));
    const count = centred.length;
    // five standard errors of a mean and of a variance of normal numbers
    near(mean(centred), 0, 5 * Math.sqrt(expected.variance / count));
    near(variance(centred), expected.variance, 5 * expected.variance * Math.sqrt(2 / count));
    // Every pixel by itself too: none has another's mean.
    for (let pixel = 0; pixel < length; pixel++) {
      const own = centred.filter((_, i) => i % length === pixel);
      near(mean(own), 0, 5 * Math.sqrt(expected.variance / own.length), `pixel ${pixel}`);
    }
    // and more steps lead to the data's own, with an error that falls like 1/N
    const far = recursion({ ...config.sampling, steps: 4000 });
    near(far.mean, 1, 1e-3);
    near(far.variance / deviation ** 2, 1, 1e-2);
    assert.ok(Math.abs(expected.variance / deviation ** 2 - 1) < 0.2);
  });
}
