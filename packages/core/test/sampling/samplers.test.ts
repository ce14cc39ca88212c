import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  evaluated,
  evaluationsOf,
  gamma,
  oneMinusGamma,
  type PlanOptions,
  type PlanStep,
  plan,
  type SamplerName,
  type SamplerOptions,
  type Schedule,
  samplerNames,
  samplers,
} from '../../src/index.js';
import type { Quantity } from '../../src/sampling/sampler.js';
import { drive } from './drive.js';
import { denoise } from './mixture.js';

type Options = PlanOptions & SamplerOptions & { readonly sampler: SamplerName };

/** The next x of a step, by the factors of the step's own results and of fresh noise. */
type Factors = Partial<Record<Quantity['of'], number>> & Record<'start' | 'noise' | 'x' | 'x0' | 'eps', number>;

/** Each step of a plan with the factors by which a sampler makes the next x, the x behind the last step too. */
function steps(options: Partial<Options>): (PlanStep & Factors)[] {
  const all: Options = {
    ...{ steps: 100, schedule: { kind: 'cosine', start: 0, end: 1, tau: 1 }, timeDelta: 0 },
    ...{ variance: 'large', eta: 0, sampler: 'ddpm' },
    ...options,
  };
  const planned = plan(all);
  const sampling = samplers[all.sampler]([...planned, planned[planned.length - 1]], all); // one more shows the last x
  sampling.next();
  return planned.map((step, i) => {
    const wanted = sampling.next(evaluated(i));
    assert.ok(!wanted.done);
    const factors: Factors = { start: 0, noise: 0, x: 0, x0: 0, eps: 0 };
    for (const [factor, quantity] of wanted.value.x) {
      assert.equal('evaluation' in quantity ? quantity.evaluation : 'step' in quantity && quantity.step, i);
      factors[quantity.of] = (factors[quantity.of] ?? 0) + factor;
    }
    return { ...step, ...factors };
  });
}

const close = (found: number, expected: number, relative: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= relative * Math.abs(expected), `${what}: ${found} against ${expected}`);

const schedules: Schedule[] = [
  { kind: 'cosine', start: 0, end: 1, tau: 1 },
  { kind: 'cosine', start: 0.2, end: 1, tau: 0.7 },
  { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 },
  { kind: 'cosine-nichol' },
  { kind: 'linear' },
  { kind: 'log', start: 1e-4, end: 1, reverse: false },
];

// Step i of 1,000, cosine with tau 1, by mpmath with 40 digits from the published formulas: the factors of the DDPM step,
// its noise for both variances, and sqrt(gamma'), sqrt(1 - gamma'), which are those of the DDIM step.
const exact = [
  {
    i: 0,
    x0: 0.0015701590623668723,
    x: 0.020131643467831476,
    noiseLarge: 0.9997973369298886,
    noiseSmall: 0.9997961039795157,
    signalNext: 0.0015707956808308802,
    noiseNext: 0.9999987662997035,
  },
  {
    i: 1,
    x0: 0.0023561944901894782,
    x: 0.49999691575078087,
    noiseLarge: 0.8660250476451072,
    noiseSmall: 0.8660218423977151,
    signalNext: 0.003141587485879566,
    noiseNext: 0.9999950652018582,
  },
  {
    i: 500,
    x0: 0.004435913189221723,
    x: 0.9952962333868274,
    noiseLarge: 0.055962030189838634,
    noiseSmall: 0.05587405623415267,
    signalNext: 0.708216629106476,
    noiseNext: 0.7059951885509279,
  },
  {
    i: 998,
    x0: 0.7500003084243131,
    x: 0.24999969157340388,
    noiseLarge: 0.002720696808664581,
    noiseSmall: 0.0013603500825965908,
    signalNext: 0.9999987662997035,
    noiseNext: 0.001570795680830879,
  },
  { i: 999, x0: 1, x: 0, noiseLarge: 0.001570795680830879, noiseSmall: 0, signalNext: 1, noiseNext: 0 },
];

test('coefficients have the digits of a 40-digit computation, the first and the last steps too', () => {
  const [large, small] = (['large', 'small'] as const).map((variance) => steps({ steps: 1000, variance }));
  const ddim = steps({ steps: 1000, sampler: 'ddim' });
  for (const { i, x0, x, noiseLarge, noiseSmall, signalNext, noiseNext } of exact) {
    // 1e-12: gamma' - gamma of neighbouring steps cancels three digits of 1e-16.
    close(large[i].x0, x0, 1e-12, `x0 of step ${i}`);
    close(large[i].x, x, 1e-12, `x of step ${i}`);
    close(large[i].noise, noiseLarge, 1e-12, `large noise of step ${i}`);
    close(small[i].noise, noiseSmall, 1e-12, `small noise of step ${i}`);
    close(ddim[i].x0, signalNext, 1e-15, `ddim x0 of step ${i}`);
    close(ddim[i].eps, noiseNext, 1e-15, `ddim eps of step ${i}`);
    assert.deepEqual([large[i].eps, ddim[i].x, ddim[i].noise], [0, 0, 0]);
  }
});

test('the DDPM step is the Gaussian posterior of x′ given x and x̂₀', () => {
  // Product of two Gaussians of x′: N(sqrt(gamma') x̂₀, 1 - gamma'), and x | x′ ~ N(sqrt(alpha) x′, 1 - alpha).
  for (const schedule of schedules) {
    for (const step of steps({ steps: 20, schedule, variance: 'small' }).slice(0, -1)) {
      const alpha = gamma(schedule, step.t) / gamma(schedule, step.tNext);
      const prior = 1 / oneMinusGamma(schedule, step.tNext);
      const likelihood = 1 / (1 - alpha);
      const precision = prior + alpha * likelihood;
      const what = `${JSON.stringify(schedule)} at ${step.t}`;
      close(step.x0, (Math.sqrt(step.gammaNext) * prior) / precision, 1e-12, `x0, ${what}`);
      close(step.x, (Math.sqrt(alpha) * likelihood) / precision, 1e-12, `x, ${what}`);
      close(step.noise ** 2, 1 / precision, 1e-12, `variance, ${what}`);
    }
  }
});

test('the DDPM mean is the published form in x and ε̂', () => {
  const [x0, eps] = [0.3, -1.2];
  for (const schedule of schedules) {
    for (const step of steps({ steps: 50, schedule })) {
      const x = Math.sqrt(step.gamma) * x0 + Math.sqrt(step.oneMinusGamma) * eps;
      const alpha = step.gamma / step.gammaNext;
      const mean = (x - ((1 - alpha) / Math.sqrt(step.oneMinusGamma)) * eps) / Math.sqrt(alpha);
      // The published form divides a difference by sqrt(alpha), down to 3e-5 at the first step: hence the absolute bound.
      const bound = 1e-15 / Math.sqrt(alpha) + 1e-13;
      assert.ok(Math.abs(step.x0 * x0 + step.x * x - mean) < bound, `${JSON.stringify(schedule)} at ${step.t}`);
      close(step.noise ** 2, 1 - alpha, 1e-11, `variance, ${JSON.stringify(schedule)} at ${step.t}`);
    }
  }
});

test('a sampler given the true x̂₀ keeps x at the signal level of each step', () => {
  for (const sampler of ['ddim', 'ddpm'] as const) {
    for (const schedule of schedules) {
      for (const step of steps({ steps: 30, sampler, schedule, timeDelta: 0.5, variance: 'small' })) {
        // E x = sqrt(gamma) x̂₀ goes to E x' = sqrt(gamma') x̂₀, variance 1 - gamma to 1 - gamma'.
        const signal = step.x0 + step.x * Math.sqrt(step.gamma);
        const variance = (step.x * Math.sqrt(step.oneMinusGamma) + step.eps) ** 2 + step.noise ** 2;
        close(signal, Math.sqrt(step.gammaNext), 1e-13, `signal of ${sampler}`);
        close(variance, step.oneMinusGammaNext, 1e-12, `variance of ${sampler}`);
      }
    }
  }
});

test('times run from 1 to 0 in equal steps; a time delta looks ahead without moving them', () => {
  assert.deepEqual(
    steps({ steps: 4 }).map(({ t, tNext }) => [t, tNext]),
    [
      [1, 0.75],
      [0.75, 0.5],
      [0.5, 0.25],
      [0.25, 0],
    ],
  );
  const ahead = steps({ steps: 4, timeDelta: 1.5 });
  assert.deepEqual(
    ahead.map(({ t, tNext }) => [t, tNext]),
    [
      [1, 0.375],
      [0.75, 0.125],
      [0.5, 0],
      [0.25, 0],
    ],
  );
});

test('the last step returns x̂₀ itself, and nothing is ever NaN', () => {
  for (const sampler of ['ddim', 'ddpm'] as const) {
    for (const variance of ['large', 'small'] as const) {
      for (const schedule of [...schedules, { kind: 'sigmoid', start: -3, end: 3, tau: 0.004 } as const]) {
        for (const count of [1, 2, 7, 1000]) {
          const all = steps({ steps: count, sampler, variance, schedule });
          for (const step of all) assert.ok(Object.values(step).every((value) => Number.isFinite(value) && value >= 0));
          const last = all[count - 1];
          if (schedule.kind === 'cosine-nichol') continue; // gamma(0) is 1 - 9.9e-8 there
          assert.deepEqual([last.x0, last.x, last.eps], [1, 0, 0]);
        }
      }
    }
  }
});

test('every sampler goes through the ends of every schedule without an infinite or senseless number', () => {
  const starts = [-3, -0.4, 0, 1, 2.5];
  const steep: Schedule[] = [
    { kind: 'sigmoid', start: -3, end: 3, tau: 0.004 }, // rounds 1 - γ to 0 in many steps, and γ to 1e-9
    { kind: 'log', start: 1e-4, end: 1, reverse: true },
  ];
  for (const sampler of samplerNames) {
    for (const schedule of [...schedules, ...steep]) {
      for (const count of [1, 2, 7, 50]) {
        for (const timeDelta of [0, 1.5]) {
          const planned = plan({ steps: count, schedule, timeDelta });
          const what = `${sampler}, ${JSON.stringify(schedule)}, ${count} steps, td ${timeDelta}`;
          const noise = (step: number) => starts.map((start) => ((step % 3) - 1) * start);
          const { begins, picture } = drive(sampler, planned, starts, denoise, { options: { eta: 0.5 }, noise });
          assert.ok(
            [...begins, picture].flat().every((x) => Math.abs(x) < 15),
            what,
          );
          assert.ok(
            picture.every((x) => Math.abs(x) < 6),
            `${what}: ${picture}`,
          );
        }
      }
    }
  }
});

test('a sampling starts from noise, evaluates each step once, heun twice but the last, and returns an x̂₀', () => {
  const planned = plan({ steps: 3, schedule: { kind: 'linear' }, timeDelta: 0 });
  for (const [name, sampler] of Object.entries(samplers)) {
    const sampling = sampler(planned, { variance: 'large', eta: 0.5 });
    let wanted = sampling.next();
    assert.deepEqual(!wanted.done && wanted.value.x, [[1, { of: 'start' }]]);
    const asked = planned.flatMap(({ gamma, oneMinusGamma, gammaNext, oneMinusGammaNext }, step) => {
      const begin = { step, gamma, oneMinusGamma };
      const end = { step, gamma: gammaNext, oneMinusGamma: oneMinusGammaNext };
      return name === 'heun' && step < 2 ? [begin, end] : [begin];
    });
    for (const [i, expected] of asked.entries()) {
      assert.ok(!wanted.done);
      const { x, ...where } = wanted.value;
      assert.deepEqual(where, expected);
      wanted = sampling.next(evaluated(i));
    }
    assert.deepEqual(wanted, { done: true, value: [[1, { of: 'x0', evaluation: asked.length - 1 }]] });
    const all = evaluationsOf(sampler(planned, { variance: 'large', eta: 0.5 }));
    assert.deepEqual(
      all.map(({ x, ...where }) => where),
      asked,
    );
  }
});

test('DDIM with η adds η² of the small variance of DDPM; with η = 1 it is that DDPM', () => {
  for (const schedule of schedules) {
    const ddpm = steps({ steps: 30, schedule, variance: 'small' });
    for (const eta of [0, 0.3, 1]) {
      for (const [i, found] of steps({ steps: 30, schedule, sampler: 'ddim', eta }).entries()) {
        const what = `${JSON.stringify(schedule)}, η ${eta}, step ${i}`;
        close(found.noise, eta * ddpm[i].noise, 1e-14, what);
        close(found.eps ** 2 + found.noise ** 2, found.oneMinusGammaNext, 1e-12, what);
        if (eta !== 1) continue;
        // x = √γ·x̂₀ + √(1 − γ)·ε̂
        close(found.eps, ddpm[i].x * Math.sqrt(ddpm[i].oneMinusGamma), 1e-8, what);
        close(found.x0, ddpm[i].x0 + ddpm[i].x * Math.sqrt(ddpm[i].gamma), 1e-12, what);
      }
    }
  }
});
