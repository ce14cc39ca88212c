import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permute } from '@rin/core';
import { scope, type Tensor, tensor } from '@rin/torch';
import type { DiffusionConfig, ScheduleConfig } from '../../src/config/diffusion.js';
import { trainingLoss } from '../../src/diffusion/objective.js';
import { generator } from '../model/reference/draws.js';
import { near, nearAll } from '../model/reference/near.js';
import { mean, type Noised, noised, variance } from './formulas.js';
import { configure, Scripted } from './scripted.js';
import { batchOf, drawOf, gradientsOf, livelyNetwork, lossOf, slice } from './training.js';

// The training loss against float64 recomputations from the same draws, the network's answer being given.

const kinds = ['eps', 'x', 'v'] as const;
type Kind = (typeof kinds)[number];

const batch = batchOf(8);
const { seed, position } = drawOf();

/** The batch after it was noised: one entry for each sample. */
const noisedBatch = ({ schedule, inputScale }: DiffusionConfig, of = batch): Noised[] =>
  Array.from(of.labels, (_, i) =>
    noised(slice(of, i, i + 1).pixels, schedule, { seed, position: position + i, inputScale }),
  );

/** What a network that knows the truth answers. */
const truth = (prediction: Kind, { gamma, x, eps }: Noised): number[] => {
  const v = x.map((value, i) => Math.sqrt(gamma) * eps[i] - Math.sqrt(1 - gamma) * value);
  return { x, eps, v }[prediction];
};

/** A network that gives these answers. */
const answering = (config: ReturnType<typeof configure>, answer: Tensor) =>
  new Scripted(config, () => ({ prediction: answer }));

/** By how much an error of 1 in the prediction shows in ε, x and v (from x_t = √γ x + √(1 − γ) ε and v's definition). */
const magnified = (gamma: number): Record<Kind, Record<Kind, number>> => ({
  eps: { eps: 1, x: Math.sqrt((1 - gamma) / gamma), v: 1 / Math.sqrt(gamma) },
  x: { eps: Math.sqrt(gamma / (1 - gamma)), x: 1, v: 1 / Math.sqrt(1 - gamma) },
  v: { eps: Math.sqrt(gamma), x: Math.sqrt(1 - gamma), v: 1 },
});

for (const prediction of kinds) {
  for (const loss of kinds) {
    test(`prediction ${prediction}, loss ${loss}: the mean square of the error, as it shows in ${loss}`, () => {
      for (const inputScale of [1, 0.4]) {
        const config = configure({ diffusion: { prediction, loss, inputScale, selfConditioningRate: 0 } });
        const samples = noisedBatch(config.diffusion);
        const random = generator(3);
        const errors = samples.map(({ x }) => x.map(() => 2 * random() - 1));
        const answers = samples.flatMap((sample, b) =>
          truth(prediction, sample).map((value, i) => value + errors[b][i]),
        );
        const rin = answering(config, tensor(Float32Array.from(answers), [8, 1, 4, 6]));
        const unit = loss === 'x' ? inputScale : 1;
        const expected = mean(
          samples.flatMap(({ gamma }, b) =>
            errors[b].map((error) => ((error * magnified(gamma)[prediction][loss]) / unit) ** 2),
          ),
        );
        // float32 knows an answer to 1e-7 of an error of about 1, whatever magnifies both
        near(lossOf(rin, config, batch) / expected, 1, 1e-5);
      }
    });

    test(`prediction ${prediction}, loss ${loss}: clipInTraining limits x̂₀, without gradient where it does`, () => {
      const config = configure({
        diffusion: { prediction, loss, inputScale: 0.8, clipInTraining: true, selfConditioningRate: 0 },
      });
      const samples = noisedBatch(config.diffusion);
      const random = generator(4);
      const answers = samples.flatMap(({ x }) => x.map(() => Math.fround(3 * random() - 1.5)));
      /** Squared error of one element, and whether x̂₀ is limited there. */
      const square = (i: number, answer: number): number => {
        const { gamma, x, eps, xt } = samples[Math.floor(i / 24)];
        const [signal, noise, at] = [Math.sqrt(gamma), Math.sqrt(1 - gamma), i % 24];
        const free = { x: answer, eps: (xt[at] - noise * answer) / signal, v: signal * xt[at] - noise * answer };
        const xHat = Math.min(Math.max(free[prediction], -0.8), 0.8);
        const epsHat = { x: (xt[at] - signal * xHat) / noise, eps: answer, v: noise * xt[at] + signal * answer };
        const vHat = prediction === 'v' ? answer : signal * epsHat[prediction] - noise * xHat;
        if (loss === 'eps') return (eps[at] - epsHat[prediction]) ** 2;
        return loss === 'x' ? ((x[at] - xHat) / 0.8) ** 2 : (signal * eps[at] - noise * x[at] - vHat) ** 2;
      };
      const leaf = tensor(Float32Array.from(answers), [8, 1, 4, 6], { requiresGrad: true });
      const found = scope(() => {
        const value = trainingLoss(answering(config, leaf), config.diffusion, batch, drawOf());
        value.backward();
        return value.item();
      });
      near(found / mean(answers.map((answer, i) => square(i, answer))), 1, 1e-5);
      // Central differences of a function that is piecewise quadratic are exact, except across a kink.
      const step = 1e-4;
      const slopes = answers.map(
        (answer, i) => (square(i, answer + step) - square(i, answer - step)) / (2 * step) / 192,
      );
      const gradient = leaf.grad?.toTypedArray() ?? assert.fail('no gradient');
      const scale = Math.max(...slopes.map(Math.abs));
      nearAll(Array.from(gradient, Number), slopes, 1e-4 * scale);
    });
  }
}

test('without clipInTraining an answer far outside still has its full gradient', () => {
  const config = configure({ diffusion: { prediction: 'x', loss: 'x', selfConditioningRate: 0 } });
  const leaf = tensor(new Float32Array(8 * 24).fill(5), [8, 1, 4, 6], { requiresGrad: true });
  scope(() => trainingLoss(answering(config, leaf), config.diffusion, batch, drawOf()).backward());
  const expected = noisedBatch(config.diffusion).flatMap(({ x }) => x.map((value) => (2 * (5 - value)) / 192));
  nearAll(Array.from(leaf.grad?.toTypedArray() ?? [], Number), expected, 1e-7);
});

const schedules: ScheduleConfig[] = [
  { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 },
  { kind: 'cosine', start: 0.2, end: 1, tau: 1.5 },
  { kind: 'cosine-nichol' },
  { kind: 'linear' },
  { kind: 'log', start: 1e-3, end: 1, reverse: false },
  { kind: 'log', start: 1e-3, end: 1, reverse: true },
];

for (const schedule of schedules) {
  test(`the network is given x_t and γ(t) of the schedule ${JSON.stringify(schedule)}`, () => {
    const config = configure({ diffusion: { schedule, inputScale: 0.7 } });
    const rin = new Scripted(config);
    lossOf(rin, config, batch);
    const [{ x, gamma, training }] = rin.forwards;
    const samples = noisedBatch(config.diffusion);
    nearAll(
      gamma,
      samples.map(({ gamma }) => gamma),
      1e-14,
      'γ',
    );
    nearAll(
      x,
      samples.flatMap(({ xt }) => xt),
      1e-6,
      'x_t',
    );
    assert.equal(training, true);
  });
}

test('normalizeInput changes what the network sees, and nothing of what it is compared with', () => {
  const scale = 0.5;
  for (const normalizeInput of ['none', 'sample', 'expected'] as const) {
    const config = configure({ diffusion: { normalizeInput, inputScale: scale, selfConditioningRate: 0 } });
    const samples = noisedBatch(config.diffusion);
    const rin = answering(config, tensor(Float32Array.from(samples.flatMap(({ eps }) => eps)), [8, 1, 4, 6]));
    near(lossOf(rin, config, batch, { meanSquare: 0.3 }), 0, 1e-12);
    const deviation = ({ gamma, xt }: Noised): number =>
      ({ none: 1, sample: Math.sqrt(variance(xt)), expected: Math.sqrt(gamma * 0.3 * scale ** 2 + 1 - gamma) })[
        normalizeInput
      ];
    const expected = samples.flatMap((sample) => sample.xt.map((value) => value / deviation(sample)));
    nearAll(rin.forwards[0].x, expected, 1e-5, normalizeInput);
  }
});

for (const [size, patch] of [
  [[12], 3],
  [[4, 6], 2],
  [[3, 4, 2], 2],
] as const) {
  test(`samples of size ${size.join('×')} with two channels are noised each at its own level`, () => {
    const config = configure({ model: { size, patch, channels: 2 }, diffusion: { normalizeInput: 'sample' } });
    const length = 2 * size.reduce((product, side) => product * side, 1);
    const data = batchOf(8, length);
    const samples = noisedBatch(config.diffusion, data);
    const rin = new Scripted(config, () => ({}));
    lossOf(rin, config, data);
    const expected = samples.flatMap(({ xt }) => xt.map((value) => value / Math.sqrt(variance(xt))));
    nearAll(rin.forwards[0].x, expected, 1e-5);
    // and a network of that shape learns from it
    assert.ok(Object.keys(gradientsOf(livelyNetwork(config), config, data)).length > 40);
  });
}

test('uniform times are uniform, and a function of seed and position alone', () => {
  const config = configure({ diffusion: { schedule: { kind: 'linear' } } });
  const times = (over: object, count = 4000) => {
    const rin = new Scripted(config);
    lossOf(rin, config, batchOf(count), over);
    return rin.forwards[0].gamma.map((gamma) => 1 - gamma);
  };
  const sorted = times({}).toSorted((a, b) => a - b);
  // Kolmogorov and Smirnov: above 1.63/√N in one of a hundred samples.
  const gap = Math.max(...sorted.map((t, i) => Math.max(Math.abs(t - i / 4000), Math.abs(t - (i + 1) / 4000))));
  assert.ok(gap < 1.63 / Math.sqrt(4000), `gap ${gap}`);
  assert.deepEqual(times({ position: 1010, step: 9, offset: 30, total: 64 }, 20), times({}, 30).slice(10));
  assert.notDeepEqual(times({ seed: 8 }, 20), times({}, 20));
});

test('stratified times: one from each of B parts for every step, however the batch is split, dealt anew by step', () => {
  const config = configure({ diffusion: { timeSampling: 'stratified', schedule: { kind: 'linear' } } });
  const total = 48;
  const times = (step: number, pieces: number): number[] => {
    const rin = new Scripted(config);
    const count = total / pieces;
    for (let offset = 0; offset < total; offset += count) {
      lossOf(rin, config, batchOf(count), { step, offset, total, position: step * total + offset });
    }
    return rin.forwards.flatMap(({ gamma }) => gamma.map((value) => 1 - value));
  };
  const parts = (list: number[]) => list.map((t) => Math.floor(t * total));
  const steps = Array.from({ length: 20 }, (_, step) => times(step, 1));
  for (const [step, list] of steps.entries()) {
    assert.deepEqual(
      parts(list).toSorted((a, b) => a - b),
      Array.from({ length: total }, (_, i) => i),
    );
    if (step < 2) for (const pieces of [2, 6, 48]) assert.deepEqual(times(step, pieces), list);
  }
  // The first sample of a batch gets another part nearly every time, and within its part any place.
  assert.ok(new Set(steps.map((list) => parts(list)[0])).size > 12);
  const places = steps.flat().map((t) => t * total - Math.floor(t * total));
  const count = places.length;
  near(mean(places), 1 / 2, 5 / Math.sqrt(12 * count));
  near(variance(places), 1 / 12, 5 / Math.sqrt(180 * count));
});

test('a set of one batch has every picture at all times: strata are not dealt in the order of the data', () => {
  const config = configure({ diffusion: { timeSampling: 'stratified', schedule: { kind: 'linear' } } });
  const seen = Array.from({ length: 8 }, () => new Set<number>());
  for (let step = 0; step < 40; step++) {
    const rin = new Scripted(config);
    lossOf(rin, config, batch, { step, position: step * 8 });
    for (const [place, gamma] of rin.forwards[0].gamma.entries()) {
      seen[permute(place, 8, seed, step)].add(Math.floor((1 - gamma) * 8));
    }
  }
  // 40 throws leave out one of 8 parts with probability 0.005
  for (const [picture, parts] of seen.entries()) assert.ok(parts.size >= 7, `picture ${picture}: ${[...parts]}`);
});

test('the loss of a batch is the mean over its parts, and so are its gradients', () => {
  const options = { timeSampling: 'stratified', labelDropout: 0.3, selfConditioningRate: 0.5 } as const;
  for (const selfConditioningBy of ['mask', 'part'] as const) {
    const config = configure({
      model: { selfConditioning: 'both+data' },
      diffusion: { ...options, selfConditioningBy, prediction: 'v', normalizeInput: 'expected' },
    });
    const rin = livelyNetwork(config);
    const whole = lossOf(rin, config, batch);
    const wholeGradients = gradientsOf(rin, config, batch);
    const pieces = [0, 2, 4, 6].map((offset) => {
      const over = { offset, position: position + offset, total: 8 };
      const part = slice(batch, offset, offset + 2);
      return { loss: lossOf(rin, config, part, over), gradients: gradientsOf(rin, config, part, over) };
    });
    // rounding of products depends on the batch: 1e-6 of numbers about 1
    near(mean(pieces.map(({ loss }) => loss)) / whole, 1, 1e-5, selfConditioningBy);
    for (const [name, gradient] of Object.entries(wholeGradients)) {
      const scale = Math.max(...gradient.map(Math.abs), 1e-2);
      const averaged = gradient.map((_, i) => mean(pieces.map(({ gradients }) => gradients[name][i])));
      nearAll(averaged, gradient, 1e-4 * scale, name);
    }
  }
});

test('the loss is a function of the seed and of the place in the stream', () => {
  const config = configure();
  const rin = livelyNetwork(config);
  assert.equal(lossOf(rin, config, batch), lossOf(rin, config, batch));
  assert.notEqual(lossOf(rin, config, batch), lossOf(rin, config, batch, { seed: 8 }));
  assert.notEqual(lossOf(rin, config, batch), lossOf(rin, config, batch, { position: 1008 }));
});
