import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  gamma,
  normals,
  oneMinusGamma,
  type PlanStep,
  plan,
  type SamplerName,
  type SamplerOptions,
  type Schedule,
} from '../../src/index.js';
import { type Denoiser, drive } from './drive.js';
import { denoise, flowed, moments } from './mixture.js';

// Errors of the samplers on data of which everything is known, and how they fall with the number of steps.

const cosine: Schedule = { kind: 'cosine', start: 0, end: 1, tau: 1 };
const schedules: Schedule[] = [
  cosine,
  { kind: 'cosine', start: 0.2, end: 1, tau: 0.7 },
  { kind: 'cosine-nichol' },
  { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 },
  { kind: 'linear' },
  { kind: 'log', start: 1e-4, end: 1, reverse: false },
];
const levelAt = (schedule: Schedule, t: number) => ({
  gamma: gamma(schedule, t),
  oneMinusGamma: oneMinusGamma(schedule, t),
});

const starts = Array.from({ length: 25 }, (_, i) => (i - 12) / 5);
const rms = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v ** 2, 0) / values.length);

/** Order of convergence from 64 to 256 steps. */
const order = (error: (steps: number) => number) => Math.log(error(64) / error(256)) / Math.log(4);

/** Error of a picture against the end of the flow. */
function pictureError(sampler: SamplerName, schedule: Schedule, steps: number): number {
  const { picture } = drive(sampler, plan({ steps, schedule, timeDelta: 0 }), starts, denoise);
  const exact = starts.map((x) => flowed(x, levelAt(schedule, 1), levelAt(schedule, 0)));
  return rms(picture.map((value, i) => value - exact[i]));
}

/** Error of x at t = ¼. */
function errorOnTheWay(sampler: SamplerName, schedule: Schedule, steps: number): number {
  const { begins } = drive(sampler, plan({ steps, schedule, timeDelta: 0 }), starts, denoise);
  const exact = starts.map((x) => flowed(x, levelAt(schedule, 1), levelAt(schedule, 0.25)));
  return rms(begins[(3 * steps) / 4].map((value, i) => value - exact[i]));
}

/** Steps of equal length in ln √(γ/(1 − γ)), from −4 to 1, and the last one that shows x at its beginning. */
function evenSteps(steps: number): PlanStep[] {
  const level = (i: number) => {
    const odds = Math.exp(2 * (-4 + (5 * i) / steps));
    return { t: 1 - i / steps, gamma: odds / (1 + odds), oneMinusGamma: 1 / (1 + odds) };
  };
  return Array.from({ length: steps + 1 }, (_, i) => {
    const { t: tNext, gamma: gammaNext, oneMinusGamma: oneMinusGammaNext } = level(i + 1);
    return { ...level(i), tNext, gammaNext, oneMinusGammaNext };
  });
}

function errorOfEvenSteps(sampler: SamplerName, steps: number): number {
  const planned = evenSteps(steps);
  const { begins } = drive(sampler, planned, starts, denoise);
  const exact = starts.map((x) => flowed(x, planned[0], planned[steps]));
  return rms(begins[steps].map((value, i) => value - exact[i]));
}

test('with equal steps of the signal-to-noise ratio, DDIM is of first order, Heun and 2M of second', () => {
  for (const [sampler, expected] of [
    ['ddim', 1],
    ['heun', 2],
    ['dpm2m', 2],
  ] as const) {
    const found = order((steps) => errorOfEvenSteps(sampler, steps));
    assert.ok(Math.abs(found - expected) < 0.1, `${sampler}: order ${found}`);
  }
});

test('on the way, Heun is of second order for every schedule, and DDIM of first', () => {
  for (const schedule of schedules) {
    const of = (sampler: SamplerName) => order((steps) => errorOnTheWay(sampler, schedule, steps));
    const what = JSON.stringify(schedule);
    assert.ok(of('heun') > 1.7, `${what}: order ${of('heun')}`);
    assert.ok(of('ddim') > 0.9 && of('ddim') < 1.1, `${what}: order ${of('ddim')}`);
  }
});

test('2M is of second order for cosine schedules, where its first step, which is DDIM’s, is short', () => {
  for (const schedule of [cosine, { kind: 'cosine-nichol' } as const]) {
    const found = order((steps) => errorOnTheWay('dpm2m', schedule, steps));
    assert.ok(found > 1.7, `${schedule.kind}: order ${found}`);
  }
  // For the others, too, its error is smaller than that of DDIM.
  for (const schedule of schedules) {
    assert.ok(errorOnTheWay('dpm2m', schedule, 64) < errorOnTheWay('ddim', schedule, 64) / 2, JSON.stringify(schedule));
  }
});

test('pictures come to the end of the flow: DDIM in first order, Heun and 2M nearly in second', () => {
  const of = (sampler: SamplerName) => order((steps) => pictureError(sampler, cosine, steps));
  assert.ok(Math.abs(of('ddim') - 1) < 0.05, `ddim: order ${of('ddim')}`);
  // The last estimate misses the end by (1 − γ)/2 times the score, in second order, up to a logarithm.
  for (const sampler of ['heun', 'dpm2m'] as const) {
    const [error, ddim] = [pictureError(sampler, cosine, 512), pictureError('ddim', cosine, 512)];
    assert.ok(error < 1e-4 && error < ddim / 15, `${sampler}: ${error} against ${ddim}`);
  }
  assert.ok(of('heun') > 1.6, `heun: order ${of('heun')}`);
});

const deviation = 0.35;
const centre = -0.7;

/** E[x | x_t] for one normal number. x is a list of factors: of 1, of the start, of the noise of each step. */
const linear: Denoiser = (x, gamma, oneMinusGamma) => {
  const share = (Math.sqrt(gamma) * deviation ** 2) / (gamma * deviation ** 2 + oneMinusGamma);
  return x.map((factor, i) => share * factor + (i === 0 ? (1 - share * Math.sqrt(gamma)) * centre : 0));
};

/** Mean and variance of x at t = ¼, exactly, less those of the noised data. */
function momentErrors(sampler: SamplerName, options: Partial<SamplerOptions>, schedule: Schedule, steps: number) {
  const unit = (at: number) => Array.from({ length: steps + 2 }, (_, i) => (i === at ? 1 : 0));
  const planned = plan({ steps, schedule, timeDelta: 0 });
  const { begins } = drive(sampler, planned, unit(1), linear, { options, noise: (step) => unit(step + 2) });
  const [mean, ...factors] = begins[(3 * steps) / 4];
  const { gamma, oneMinusGamma } = levelAt(schedule, 0.25);
  const variance = factors.reduce((sum, factor) => sum + factor ** 2, 0);
  return {
    mean: Math.abs(mean - Math.sqrt(gamma) * centre),
    variance: Math.abs(variance - gamma * deviation ** 2 - oneMinusGamma),
  };
}

const cases: [sampler: SamplerName, options: Partial<SamplerOptions>, order: number][] = [
  ['ddpm', { variance: 'small' }, 1],
  ['ddpm', { variance: 'large' }, 1],
  ['ddim', { eta: 0.5 }, 1],
  ['ddim', { eta: 1 }, 1],
  ['dpm2mSde', {}, 2],
];

for (const [sampler, options, expected] of cases) {
  test(`on a normal number, ${sampler} ${JSON.stringify(options)} keeps the mean; its variance has order ${expected}`, () => {
    for (const schedule of schedules) {
      const what = JSON.stringify(schedule);
      // γ(1) is not 0 but about 1e-9, of which the start knows nothing: hence 1e-4 and not 0 for the mean.
      assert.ok(momentErrors(sampler, options, schedule, 64).mean < 1e-4, what);
      const found = order((steps) => momentErrors(sampler, options, schedule, steps).variance);
      assert.ok(Math.abs(found - expected) < 0.15, `${what}: order ${found}`);
    }
  });

  test(`on the mixture, pictures of ${sampler} ${JSON.stringify(options)} have the moments of the data`, () => {
    const [count, steps] = [20_000, 100];
    const draw = (purpose: 'sampleStart' | 'sampleStep', step: number) => {
      const out = new Float32Array(count);
      normals(0, purpose, 0, step, out);
      return [...out];
    };
    const planned = plan({ steps, schedule: cosine, timeDelta: 0 });
    const noise = (step: number) => draw('sampleStep', step);
    const { picture } = drive(sampler, planned, draw('sampleStart', 0), denoise, { options, noise });
    const mean = picture.reduce((sum, x) => sum + x, 0) / count;
    // Bounds: four standard errors, and what a hundred steps miss, 1 % of a moment or 10 % by the order.
    const [trueMean, ...central] = moments();
    assert.ok(Math.abs(mean - trueMean) < 4 * Math.sqrt(central[0] / count), `mean ${mean}, not ${trueMean}`);
    for (const [i, exact] of central.entries()) {
      const powers = picture.map((x) => (x - mean) ** (i + 2));
      const found = powers.reduce((sum, value) => sum + value, 0) / count;
      const error = rms(powers.map((value) => value - found)) / Math.sqrt(count);
      const missed = (expected === 2 ? 0.01 : 0.1) * Math.abs(exact);
      assert.ok(Math.abs(found - exact) < 4 * error + missed, `moment ${i + 2}: ${found}, not ${exact}`);
    }
  });
}
