import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplerNames, selfConditionings, uniform } from '@rin/core';
import { noGrad, Recomputation, scope, tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { guided } from '../../src/diffusion/guidance.js';
import { fewestTrained } from '../../src/diffusion/latentDrop.js';
import { trainingLoss } from '../../src/diffusion/objective.js';
import { type SampleOptions, sample } from '../../src/diffusion/sample.js';
import { samplingFlops } from '../../src/diffusion/samplingFlops.js';
import { passFlops, totalOf } from '../../src/model/flops.js';
import type { ForwardOptions, Output, SignalLevels } from '../../src/model/pass.js';
import { RIN } from '../../src/model/rin.js';
import { near, nearAll } from '../model/reference/near.js';
import { classRows, run } from './running.js';
import { configure, numbers, Scripted } from './scripted.js';
import { batchOf, drawOf, gradientsOf, livelyNetwork, lossOf, slice, takeGradients } from './training.js';

const dropped = (over: object, latentDrop = 1): { config: Config; fewestLatents: number } => {
  const config = configure({ training: { latentDrop }, ...over });
  return { config, fewestLatents: fewestTrained(config.model, config.training.latentDrop) };
};

test('each number from the share to all latents is trained equally often, and the same in the estimate and the pass', () => {
  for (const [latentDrop, fewest] of [
    [0, 18],
    [0.5, 10],
    [0.55, 10],
    [1, 3],
  ]) {
    const over = { model: { latents: 18 }, diffusion: { selfConditioningRate: 0.5 } };
    const { config, fewestLatents } = dropped(over, latentDrop);
    assert.equal(fewestLatents, fewest);
    const rin = new Scripted(config);
    lossOf(rin, config, batchOf(800), { fewestLatents });
    const [{ count }] = rin.forwards;
    if (latentDrop === 0) {
      assert.equal(count, undefined);
      continue;
    }
    const counts = Array.isArray(count) ? (count as number[]) : assert.fail();
    const kinds = 18 - fewest + 1;
    for (let each = fewest; each <= 18; each++) {
      const share = counts.filter((one) => one === each).length / 800;
      near(share, 1 / kinds, 5 * Math.sqrt(1 / kinds / 800), `${each} latents`); // five standard errors
    }
    const { seed, position } = drawOf();
    const chosen = counts.filter((_, i) => uniform(seed, 'selfConditioning', position + i, 0) < 0.5);
    assert.deepEqual(rin.warmUps[0].count, chosen);
  }
});

const forms = selfConditionings.filter((form) => form !== 'none');
const clips = { size: [5, 4, 6], patch: [4, 2, 2], givenFrames: 2 };
const networks: [name: string, model: object][] = [
  ...forms.map((selfConditioning): [string, object] => [selfConditioning, { selfConditioning, latents: 9 }]),
  ['given frames', { ...clips, selfConditioning: 'both+data', latents: 9 }],
];

for (const [name, model] of networks)
  test(`a batch with different numbers of latents has the loss and gradients of its samples alone: ${name}`, () => {
    const { config, fewestLatents } = dropped({ model, diffusion: { selfConditioningRate: 0.6 } });
    const rin = livelyNetwork(config);
    for (const parameter of Object.values(rin.parameters())) parameter.requiresGrad = true;
    const length = Array.isArray(config.model.size) ? config.model.size.reduce((a, b) => a * b, 1) : 0;
    const batch = batchOf(8, length);
    const together = lossOf(rin, config, batch, { fewestLatents });
    const gradients = gradientsOf(rin, config, batch, { fewestLatents });
    // A sample alone needs no mask: the network has as many latents as the sample.
    const alone = { losses: 0, gradients: new Map<string, number[]>() };
    for (let i = 0; i < 8; i++) {
      const over = { position: drawOf().position + i, offset: i, total: 8, fewestLatents };
      alone.losses += lossOf(rin, config, slice(batch, i, i + 1), over) / 8;
      for (const [key, values] of Object.entries(gradientsOf(rin, config, slice(batch, i, i + 1), over))) {
        const sum = alone.gradients.get(key) ?? new Array<number>(values.length).fill(0);
        alone.gradients.set(
          key,
          sum.map((value, at) => value + values[at] / 8),
        );
      }
    }
    near(together / alone.losses, 1, 1e-5);
    assert.notEqual(together, lossOf(rin, config, batch));
    for (const [key, values] of Object.entries(gradients)) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-2);
      nearAll(alone.gradients.get(key) ?? [], values, 1e-4 * largest, key);
    }
    // And the same with blocks that are computed again.
    scope(() => {
      const recomputation = new Recomputation();
      const loss = trainingLoss(rin, config.diffusion, batch, drawOf({ total: 8, fewestLatents }), recomputation);
      recomputation.backward(loss);
    });
    assert.deepEqual(takeGradients(rin), gradients);
  });

test('guidance with fewer latents without a label is that of two passes', () => {
  const config = configure({ model: { selfConditioning: 'both+data' } });
  const rin = livelyNetwork(config);
  const batch = batchOf(4);
  scope(() =>
    noGrad(() => {
      const x = tensor(
        Float32Array.from(batch.pixels.subarray(0, 48), (byte) => byte / 127.5 - 1),
        [2, 1, 4, 6],
      );
      const gamma = [0.3, 0.6];
      const before = rin.forward(x, gamma);
      const previous = { latents: before.latents, interface: before.interface, data: before.prediction };
      const condition = classRows(1, 2);
      const pass = (label: boolean, latents: number) =>
        rin.forward(x, gamma, { previous, latents, ...(label && { condition }) });
      for (const [labelled, unlabelled] of [
        [5, 3],
        [4, 3],
        [5, 5],
        [3, 3],
      ]) {
        const latents = { labelled, unlabelled };
        const found = guided(rin, x, gamma, { condition, previous, weight: 1.5, latents });
        const one = pass(true, labelled);
        const expected = one.prediction.mul(2.5).sub(pass(false, unlabelled).prediction.mul(1.5));
        nearAll(numbers(found.prediction), numbers(expected), 1e-5);
        nearAll(numbers(found.latents), numbers(one.latents), 1e-5);
        nearAll(numbers(found.interface), numbers(one.interface), 1e-5);
      }
    }),
  );
});

test('in every sampler the numbers belong to the step, and guidance outside its interval takes one pass', async () => {
  for (const sampler of samplerNames) {
    const sampling = { sampler, steps: 4, latents: [3, 5], guidance: 1, guidanceLatents: 4, guidanceTo: 0.4 };
    const config = configure({ sampling });
    const rin = new Scripted(config);
    await run(rin, config, { condition: classRows(0, 1) });
    const passes = rin.forwards.map(({ count, gamma, condition }) => ({ count, gamma: gamma[0], condition }));
    for (const { count, gamma, condition } of passes) {
      if (condition === undefined)
        assert.ok(count === 4 && gamma <= 0.4, sampler); // unlabelled, of a step with 5
      else assert.ok(count === 3 || count === 5, sampler);
    }
    const labelled = passes.filter(({ condition }) => condition !== undefined).map(({ count }) => count);
    assert.deepEqual(labelled, sampler === 'heun' ? [3, 3, 3, 3, 5, 5, 5] : [3, 3, 5, 5], sampler);
  }
});

/** Adds up the operations of the passes that are made. */
class Counting extends RIN {
  readonly #model: Config['model'];
  flops = 0;

  constructor({ model }: Config) {
    super(model);
    this.#model = model;
  }

  override forward(x: Parameters<RIN['forward']>[0], gamma: SignalLevels, options: ForwardOptions = {}): Output {
    const { previous = {}, latents } = options;
    assert.ok(typeof latents === 'number');
    const { pass, cold } = passFlops(this.#model, latents);
    const parts = Object.keys(previous).length > 0 ? pass : cold;
    const conditions = (options.condition?.shape[0] ?? x.shape[0]) / x.shape[0];
    const shared = parts.stem + parts.time + parts.warmStart;
    this.flops += x.shape[0] * (conditions * totalOf(parts) - (conditions - 1) * shared);
    return super.forward(x, gamma, options);
  }
}

test('the operations of a sampling are those of its passes, and fewer latents take fewer', async () => {
  const all: number[] = [];
  for (const [sampling, more] of [
    [{}, {}],
    [{ latents: [3, 5] }, {}],
    [{ latents: 3 }, {}],
    [{ sampler: 'heun', latents: [3, 4, 5], guidance: 1, guidanceLatents: 3 }, {}],
    [{ guidance: 1, guidanceFrom: 0.2, guidanceTo: 0.7, guidanceLatents: [3, 4] }, {}],
    [{ latents: 3 }, { diffusion: { selfConditioningRate: 0 } }],
  ] as const) {
    const config = configure({ sampling: { steps: 5, ...sampling }, ...more });
    const rin = new Counting(config);
    await run(rin, config, { condition: classRows(0, 1) }); // two pictures
    assert.equal(rin.flops / 2, samplingFlops(config), JSON.stringify(sampling));
    all.push(rin.flops);
  }
  assert.ok(all[2] < all[1] && all[1] < all[0]);
});

const model = (over: object = {}) => {
  const config = configure(over);
  return { config, classes: ['a', 'b', 'c'], meanSquare: 0.3, network: livelyNetwork(config) };
};

test('programs sample with fewer latents: another picture, one for each seed in any batch, with known pixels too', async () => {
  const drawn = model({ model: { selfConditioning: 'both+data' } });
  const seeds = [3, 4, 5];
  const known = { data: new Uint8Array(24).fill(200), shape: [1, 4, 6] as const };
  const mask = { data: Uint8Array.from({ length: 24 }, (_, i) => (i < 12 ? 0 : 255)), shape: [1, 4, 6] as const };
  for (const more of [
    { latents: 3 },
    { latents: [3, 5], momentum: 0.4 },
    { latents: [5, 3] },
    { latents: [3, 5], guidance: 1, guidanceLatents: 3, sampler: 'heun' as const },
    { latents: [3, 5], known, mask, resample: 2, jump: 2 },
  ]) {
    const options = { seeds, steps: 6, ...more };
    const whole = await sample(drawn, { ...options, latents: undefined, guidanceLatents: undefined });
    const fewer = await sample(drawn, options);
    assert.notDeepEqual(fewer, whole);
    const alone = await sample(drawn, { ...options, batch: 1 });
    for (const [i, { data }] of alone.entries())
      for (const [at, byte] of data.entries()) near(byte, fewer[i].data[at], 1); // rounding
    assert.deepEqual(await sample(drawn, options), fewer);
  }
  const [all, list] = [5, [5, 5]];
  assert.deepEqual(
    await sample(drawn, { seeds, latents: list, guidance: 1, guidanceLatents: all }),
    await sample(drawn, { seeds, guidance: 1 }),
  );
});

test('numbers of latents that do not fit fail with one sentence', async () => {
  const drawn = model();
  const wrong: [Omit<SampleOptions, 'seeds'>, RegExp][] = [
    [{ latents: 0 }, /latents is 0; expected a whole number, at least 1/],
    [{ latents: 2 }, /latents 2 leaves no learned latent after the 2 time and condition tokens, .*; use 3 to 5$/],
    [{ latents: 6 }, /latents 6 is above model.latents 5; use 3 to 5$/],
    [{ latents: [3, 6] }, /latents 6 is above model.latents 5; use 3 to 5$/],
    [{ latents: [] }, /latents is \[\]; expected a whole number/],
    [{ latents: [3, 4, 5], steps: 2 }, /latents has 3 numbers for 2 steps/],
    [{ guidance: 1, guidanceLatents: 6 }, /guidanceLatents 6 is above model.latents 5; use 3 to 5$/],
    [{ guidanceLatents: 4 }, /^guidanceLatents 4: there is no unlabelled pass \(guidance is 0\); leave .* out$/],
  ];
  for (const [options, sentence] of wrong)
    await assert.rejects(sample(drawn, { seeds: [1], ...options }), ({ message }: Error) => sentence.test(message));
});
