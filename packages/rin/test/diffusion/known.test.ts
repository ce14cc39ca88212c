import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Purpose, RinError, type SamplerName, samplerNames } from '@rin/core';
import { memory, tensor } from '@rin/torch';
import { denoise } from '../../src/diffusion/denoise.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { type SampleOptions, sample } from '../../src/diffusion/sample.js';
import { nearAll } from '../model/reference/near.js';
import { best, conditional, length } from './correlated.js';
import { mean as average, draws, gammaOf } from './formulas.js';
import { configure, numbers, Scripted } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { livelyNetwork } from './training.js';

const image = (data: ArrayLike<number>, shape = [1, 4, 6]) => ({ data: Uint8Array.from(data), shape });

/** A picture of 24 bytes; its left half is known. */
const picture = image(Array.from({ length }, (_, i) => (37 * i) % 256));
const isDrawn = Array.from({ length }, (_, i) => i % 6 >= 3);
const mask = image(isDrawn.map((drawn) => (drawn ? 255 : 0)));

function modelOf(over: object = {}): Model {
  const config = configure({ sampling: { steps: 4 }, diffusion: { prediction: 'v' }, ...over });
  return { config, classes: ['a', 'b', 'c'], meanSquare: 0.3, network: livelyNetwork(config) };
}

const bytesOf = async (model: Model, options: SampleOptions) =>
  (await sample(model, options)).map(({ data }) => Array.from(data));

/** The distance of drawn pixels from their distribution given the known ones: of the means, and the ratio of the variances. */
async function misfit(sampler: SamplerName, resampling: { resample: number; jump: number }) {
  const known = [1, 2, 6, 7, 8, 20, 21];
  const drawn = Array.from({ length }, (_, i) => !known.includes(i));
  const values = Array.from({ length }, (_, i) => 0.6 * Math.sin(0.7 * i) + 0.2);
  const config = configure({
    diffusion: { prediction: 'x' },
    sampling: { sampler, steps: 20, clip: false, variance: 'small' },
  });
  const seeds = Array.from({ length: 120 }, (_, i) => i);
  const x = await denoise(best(config), config.diffusion, config.sampling, {
    ...{ seeds, condition: null, meanSquare: 1 },
    known: {
      picture: tensor(Float32Array.from(values), [1, 1, 4, 6]),
      drawn: tensor(Uint8Array.from(drawn.map(Number)), [1, 1, 4, 6]).ge(1),
      resampling,
    },
  });
  const all = numbers(x);
  const places = [...drawn.keys()].filter((i) => drawn[i]);
  const rows = seeds.map((_, b) => places.map((place) => all[b * length + place]));
  const mean = places.map((_, i) => average(rows.map((row) => row[i])));
  const exact = conditional(values, drawn);
  const size = (values: readonly number[]) => Math.sqrt(average(values.map((value) => value ** 2)));
  const variances = places.map((_, i) => average(rows.map((row) => (row[i] - mean[i]) ** 2)));
  return {
    mean: size(mean.map((value, i) => value - exact.mean[i])),
    variance: average(variances) / average(exact.covariance.map((row, i) => row[i])),
  };
}

for (const sampler of samplerNames) {
  test(`drawn pixels approach their distribution given the known ones, and resampling brings them nearer: ${sampler}`, async () => {
    const once = await misfit(sampler, { resample: 1, jump: 1 });
    const some = await misfit(sampler, { resample: 4, jump: 2 });
    const often = await misfit(sampler, { resample: 10, jump: 1 });
    if (process.env.SHOW) console.log(sampler, once, some, often);
    assert.ok(some.mean < 0.8 * once.mean, `${some.mean} after ${once.mean}`);
    assert.ok(often.mean < 0.5 * once.mean, `${often.mean} after ${once.mean}`);
  });
}

test('known pixels come out as they are, to the byte, with every sampler; others are drawn', async () => {
  const all = image(
    Array.from({ length: 256 }, (_, i) => i),
    [1, 16, 16],
  );
  const black = image(new Uint8Array(256), [1, 16, 16]);
  for (const sampler of samplerNames) {
    for (const inputScale of [1, 0.4, 0.37]) {
      const model = modelOf({
        model: { size: 16 },
        diffusion: { prediction: 'v', inputScale },
        sampling: { steps: 3, sampler },
      });
      const [values] = await bytesOf(model, { seeds: [1], known: all, mask: black, resample: 2, jump: 2 });
      assert.deepEqual(values, Array.from(all.data));
    }
    const model = modelOf({ sampling: { steps: 4, sampler } });
    for (const values of await bytesOf(model, { seeds: [1, 2], known: picture, mask, resample: 2, jump: 3 })) {
      for (const [i, value] of values.entries()) if (!isDrawn[i]) assert.equal(value, picture.data[i]);
      assert.ok(values.filter((value, i) => isDrawn[i] && value !== picture.data[i]).length > 6);
    }
  }
});

test('a mask that is white everywhere leaves the picture of the seed', async () => {
  const white = image(new Uint8Array(length).fill(255));
  for (const sampler of samplerNames) {
    const model = modelOf({ sampling: { steps: 5, sampler } });
    const seeds = [3, 4];
    const without = await bytesOf(model, { seeds });
    assert.deepEqual(await bytesOf(model, { seeds, known: picture, mask: white, resample: 1 }), without);
    assert.notDeepEqual(await bytesOf(model, { seeds, known: picture, mask: white, resample: 2 }), without);
  }
});

test('the same seed gives the same picture, whatever the others are and however many go together', async () => {
  const model = modelOf({ sampling: { steps: 4, sampler: 'ddpm' } });
  const options = { known: picture, mask, resample: 3, jump: 2, classes: [0] };
  const together = await bytesOf(model, { ...options, seeds: [5, 6, 7] });
  const variants = [
    await bytesOf(model, { ...options, seeds: [5, 6, 7], batch: 2 }),
    (await bytesOf(model, { ...options, seeds: [7, 6, 5], batch: 1 })).reverse(),
  ];
  // products of another batch size round differently, which may move a byte by one
  for (const variant of variants) for (const [i, values] of variant.entries()) nearAll(values, together[i], 1);
  assert.notDeepEqual(together[0], together[1]);
});

test('each seed may have a picture and a mask of its own', async () => {
  const model = modelOf();
  const other = image(picture.data.map((value) => 255 - value));
  const otherMask = image(mask.data.map((value) => 255 - value));
  const seeds = [1, 2, 3];
  const found = await bytesOf(model, {
    ...{ seeds, batch: 2, classes: [0] },
    known: [picture, other, other],
    mask: [mask, mask, otherMask],
  });
  const alone = [
    await bytesOf(model, { seeds: [1], classes: [0], known: picture, mask }),
    await bytesOf(model, { seeds: [2], classes: [0], known: other, mask }),
    await bytesOf(model, { seeds: [3], classes: [0], known: other, mask: otherMask }),
  ].flat();
  for (const [i, values] of found.entries()) nearAll(values, alone[i], 1);
});

test('a clip is continued from its known frames', async () => {
  const model = modelOf({ model: { size: [2, 4, 6], patch: [1, 2, 2] } });
  const known = image(
    Array.from({ length: 48 }, (_, i) => 5 * i),
    [1, 2, 4, 6],
  );
  const second = image(
    Array.from({ length: 48 }, (_, i) => (i < 24 ? 0 : 255)),
    [1, 2, 4, 6],
  );
  const [values] = await bytesOf(model, { seeds: [1], known, mask: second });
  assert.deepEqual(values.slice(0, 24), Array.from(known.data.subarray(0, 24)));
  assert.notDeepEqual(values.slice(24), Array.from(known.data.subarray(24)));
});

// RePaint, algorithm 1, in float64: DDPM with the small variance, a network that answers x̂₀ = 0.7·x_t + 0.1.
test('replacement and resampling go the way of the published algorithm', async () => {
  const [steps, jump, resample, seed] = [5, 2, 3, 9];
  const config = configure({
    diffusion: { prediction: 'x' },
    sampling: { steps, sampler: 'ddpm', variance: 'small', clip: false },
  });
  const network = new Scripted(config, (x) => ({ prediction: x.mul(0.7).add(0.1) }));
  const truth = Array.from(picture.data, (byte) => (2 * byte) / 255 - 1);
  const gammas = Array.from({ length: steps + 1 }, (_, i) => gammaOf(config.sampling.schedule, 1 - i / steps));
  const noise = (purpose: Purpose, step: number, repetition: number) =>
    draws(0, purpose, seed, step + repetition * 2 ** 20, length);
  const asked: number[][] = [];
  let x = draws(0, 'sampleStart', seed, 0, length);
  for (let first = 0; first < steps; first += jump) {
    const end = Math.min(first + jump, steps);
    for (let repetition = 0; repetition < resample; repetition++) {
      for (let i = first; i < end; i++) {
        const [gamma, next] = [gammas[i], gammas[i + 1]];
        const ofKnown = noise('knownNoise', i, repetition);
        const xt = x.map((value, at) =>
          isDrawn[at] ? value : Math.sqrt(gamma) * truth[at] + Math.sqrt(1 - gamma) * ofKnown[at],
        );
        asked.push(xt);
        const added = noise('sampleStep', i, repetition);
        const alpha = gamma / next;
        x = xt.map((value, at) => {
          const x0 = 0.7 * value + 0.1;
          if (i === steps - 1) return x0;
          const eps = (value - Math.sqrt(gamma) * x0) / Math.sqrt(1 - gamma);
          const mean = (value - ((1 - alpha) / Math.sqrt(1 - gamma)) * eps) / Math.sqrt(alpha);
          return mean + Math.sqrt(((1 - next) / (1 - gamma)) * (1 - alpha)) * added[at];
        });
      }
      if (repetition < resample - 1) {
        const ratio = gammas[first] / gammas[end];
        const forward = noise('jumpNoise', first, repetition);
        x = x.map((value, at) => Math.sqrt(ratio) * value + Math.sqrt(1 - ratio) * forward[at]);
      }
    }
  }
  const shares: number[] = [];
  using result = await denoise(network, config.diffusion, config.sampling, {
    ...{ seeds: [seed], condition: null, meanSquare: 1 },
    known: {
      picture: tensor(Float32Array.from(truth), [1, 1, 4, 6]),
      drawn: tensor(mask.data, [1, 1, 4, 6]).ge(128),
      resampling: { resample, jump },
    },
    onStep: ({ share }) => shares.push(share),
  });
  assert.equal(network.forwards.length, steps * resample);
  for (const [i, { x: found }] of network.forwards.entries()) nearAll(found, asked[i], 1e-5, `evaluation ${i}`);
  nearAll(
    numbers(result),
    x.map((value, at) => (isDrawn[at] ? value : truth[at])),
    1e-5,
  );
  nearAll(
    shares,
    shares.map((_, i) => (i + 1) / (steps * resample)),
    1e-12,
  );
});

test('every evaluation of every sampler sees the known pixels noised to its level, and onStep comes once a step', async () => {
  const [steps, jump, resample, seed] = [3, 1, 2, 9];
  const truth = Array.from(picture.data, (byte) => (2 * byte) / 255 - 1);
  for (const sampler of samplerNames) {
    const config = configure({ diffusion: { prediction: 'x' }, sampling: { steps, sampler } });
    const network = new Scripted(config, (x) => ({ prediction: x.mul(0.7) }));
    const told: number[][] = [];
    const model = { config, classes: ['a', 'b', 'c'], meanSquare: 1, network };
    await sample(model, {
      ...{ seeds: [seed], known: picture, mask, resample, jump },
      onStep: ({ step, steps: all, share, gamma }) => told.push([step, all, share, gamma]),
    });
    // step and repetition of each evaluation; heun makes a second one at the end of each step but the last
    const places = [0, 1, 2].flatMap((step) => [0, 1].map((repetition) => ({ step, repetition })));
    const asked = places.flatMap((place) => {
      const begin = { ...place, gamma: gammaOf(config.sampling.schedule, 1 - place.step / steps) };
      const end = { ...place, gamma: gammaOf(config.sampling.schedule, 1 - (place.step + 1) / steps) };
      return sampler === 'heun' && place.step < 2 ? [begin, end] : [begin];
    });
    assert.equal(network.forwards.length, asked.length, sampler);
    for (const [i, { step, repetition, gamma }] of asked.entries()) {
      const noise = draws(0, 'knownNoise', seed, step + repetition * 2 ** 20, length);
      const noised = truth.map((value, at) => Math.sqrt(gamma) * value + Math.sqrt(1 - gamma) * noise[at]);
      const { x, gamma: found } = network.forwards[i];
      nearAll(found, [gamma], 1e-6, `${sampler}, evaluation ${i}`);
      for (const [at, value] of x.entries()) if (!isDrawn[at]) assert.ok(Math.abs(value - noised[at]) < 1e-5);
    }
    const last = places.map(({ step, repetition }) =>
      asked.findLastIndex((other) => other.step === step && other.repetition === repetition),
    );
    nearAll(
      told.flat(),
      last.flatMap((at) => [asked[at].step + 1, steps, (at + 1) / asked.length, asked[at].gamma]),
      1e-12,
    );
  }
});

test('in-painting leaves no tensor behind, with any sampler', async () => {
  for (const sampler of samplerNames) {
    const model = modelOf({ model: { selfConditioning: 'both+data' }, sampling: { steps: 4, sampler, momentum: 0.5 } });
    const before = await settledMemory();
    await sample(model, { seeds: [1, 2, 3], batch: 2, known: picture, mask, resample: 2, jump: 3, guidance: 1 });
    assert.deepEqual(memory(), before, sampler);
  }
});

test('what does not fit is refused in one sentence', async () => {
  const refused = (options: Partial<SampleOptions>, message: string) =>
    assert.rejects(sample(modelOf(), { seeds: [0, 1, 2], ...options }), (error) => {
      assert.ok(error instanceof RinError);
      assert.equal(error.message, message);
      return true;
    });
  const small = image(new Uint8Array(16), [1, 4, 4]);
  await refused({ known: picture }, 'known was given without mask; give a mask, white = to draw, black = known');
  await refused({ mask }, 'mask was given without known; give the picture with the known pixels too');
  await refused(
    { resample: 2 },
    'resample fits drawn pixels to known ones, but no pixels are known; give known and mask',
  );
  await refused({ jump: 2 }, 'jump fits drawn pixels to known ones, but no pixels are known; give known and mask');
  await refused({ known: picture, mask: small }, 'mask is [1, 4, 4]; expected [1, 4, 6], the size of the samples');
  await refused({ known: small, mask }, 'known is [1, 4, 4]; expected [1, 4, 6], the size of the samples');
  await refused(
    { known: [picture, picture, small], mask },
    'known 2 is [1, 4, 4]; expected [1, 4, 6], the size of the samples',
  );
  await refused(
    { known: [picture, picture], mask },
    'known has 2 entries; expected one, or one for each of the 3 seeds',
  );
  const cut = { data: new Uint8Array(23), shape: [1, 4, 6] };
  await refused({ known: cut, mask }, 'known has 23 values; expected the 24 of [1, 4, 6]');
  await refused({ known: picture, mask, resample: 0 }, 'resample 0: expected a whole number, from 1 to 1000');
  await refused({ known: picture, mask, jump: 1.5 }, 'jump 1.5: expected a whole number, at least 1');
});
