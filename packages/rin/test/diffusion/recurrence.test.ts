import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfConditionings } from '@rin/core';
import { full, type Tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { network } from '../model/reference/compare.js';
import { randomParameters } from '../model/reference/draws.js';
import { type Outputs, referenceForward } from '../model/reference/forward.js';
import { nearAll } from '../model/reference/near.js';
import type { Values } from '../model/reference/values.js';
import { draws, gammaOf } from './formulas.js';
import { classRows, filled, run } from './running.js';
import { configure, numbers, Scripted } from './scripted.js';

// What is carried from step to step of a sampling, in every form of self-conditioning.

const shape = [1, 1, 4, 6];
const length = 24;

/** One picture in float64: the network of the paper recomputed, DDIM, guidance, and the state that is carried with momentum. */
function recomputed({ model, diffusion, sampling }: Config, seed: number, label: number): number[] {
  const parameters = randomParameters(model, 1);
  const { steps, schedule, guidance, momentum } = sampling;
  const b = diffusion.inputScale;
  const row = (place: number): Values => ({
    shape: [1, 3],
    data: Float64Array.from([0, 1, 2], (k) => Number(k === place)),
  });
  const blend = (old: Values | undefined, latest: Values): Values => ({
    shape: latest.shape,
    data: latest.data.map((value, i) => momentum * (old?.data[i] ?? 0) + (1 - momentum) * value),
  });
  let x = draws(0, 'sampleStart', seed, 0, length);
  let previous: { latents?: Values; interface?: Values; data?: Values } = {};
  let x0: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [gamma, next] = [1 - step / steps, 1 - (step + 1) / steps].map((t) => gammaOf(schedule, t));
    const pass = (condition: Values): Outputs =>
      referenceForward(model, parameters, { shape, data: Float64Array.from(x) }, [gamma], condition, previous);
    const [labelled, unlabelled] = [pass(row(label)), pass(row(-1))];
    x0 = x.map((value, i) => {
      const output = (1 + guidance) * labelled.prediction.data[i] - guidance * unlabelled.prediction.data[i];
      const answer = { x: output, v: Math.sqrt(gamma) * value - Math.sqrt(1 - gamma) * output };
      const free = answer[diffusion.prediction as 'x' | 'v'];
      return Math.min(Math.max(free, -b), b);
    });
    previous = {
      latents: blend(previous.latents, labelled.latents),
      interface: blend(previous.interface, labelled.interface),
      data: blend(previous.data, { shape, data: Float64Array.from(x0) }),
    };
    x = x.map((value, i) => {
      const eps = (value - Math.sqrt(gamma) * x0[i]) / Math.sqrt(1 - gamma);
      return Math.sqrt(next) * x0[i] + Math.sqrt(1 - next) * eps;
    });
  }
  return x0;
}

const forms = selfConditionings.filter((form) => form !== 'none');
const lively = ({ model }: Config) => network(model, randomParameters(model, 1), 'float32');

/** A small network of this form, whose pictures are seldom limited. */
const formed = (selfConditioning: string, over: object = {}) =>
  configure({
    model: { selfConditioning },
    diffusion: { prediction: 'v', inputScale: 2 },
    sampling: { sampler: 'ddim', ...over },
  });

for (const form of forms) {
  test(`${form}: pictures are those of a float64 recomputation, with momentum and guidance too`, async () => {
    const found: number[][] = [];
    for (const [momentum, guidance] of [
      [0, 0],
      [0.6, 0],
      [0, 1.5],
      [0.6, 1.5],
    ]) {
      const config = formed(form, { momentum, guidance });
      const pictures = await run(lively(config), config, { seeds: [5, 6], condition: classRows(2, 0) });
      const expected = [recomputed(config, 5, 2), recomputed(config, 6, 0)].flat();
      // four passes in float32
      nearAll(pictures, expected, 1e-4, `momentum ${momentum}, guidance ${guidance}`);
      found.push(pictures);
    }
    // Momentum and guidance each make a difference far above that tolerance.
    for (const [i, one] of found.entries())
      for (const other of found.slice(0, i))
        assert.ok(Math.max(...one.map((value, at) => Math.abs(value - other[at]))) > 0.01);
  });

  test(`${form}: one seed gives one picture, whatever the batch`, async () => {
    const config = formed(form, { momentum: 0.3, guidance: 1, sampler: 'ddpm' });
    const rin = lively(config);
    const together = await run(rin, config, { seeds: [5, 6, 7], condition: classRows(2, 0, 1) });
    const alone = [];
    for (const [i, label] of [2, 0, 1].entries())
      alone.push(...(await run(rin, config, { seeds: [5 + i], condition: classRows(label) })));
    nearAll(together, alone, 1e-4); // rounding of products depends on the batch
  });
}

test('data: each step is given x̂₀ of the step before, under guidance both passes that of their mixture', async () => {
  for (const guidance of [0, 2]) {
    const config = configure({
      model: { selfConditioning: 'data' },
      diffusion: { prediction: 'x' },
      sampling: { guidance },
    });
    const rin = new Scripted(config, (x, [gamma]) => ({ prediction: x.mul(0.3 * gamma + 0.1) }));
    const estimates: number[][] = [];
    await run(rin, config, { condition: classRows(0, 1), onStep: ({ x0 }) => estimates.push(numbers(x0)) });
    assert.equal(rin.forwards.length, 4);
    for (const [step, { data, latents, interface: tokens }] of rin.forwards.entries()) {
      const before = step === 0 ? undefined : estimates[step - 1];
      assert.deepEqual(data, before && (guidance > 0 ? [...before, ...before] : before));
      assert.deepEqual([latents, tokens], [undefined, undefined]);
    }
  }
});

test('data: x̂₀ is carried within ±b, as in training, even if pictures are not limited', async () => {
  const config = configure({
    model: { selfConditioning: 'data' },
    diffusion: { prediction: 'x', inputScale: 0.5 },
    sampling: { clip: false, sampler: 'ddim' },
  });
  const rin = new Scripted(config, (x): { prediction: Tensor } => ({ prediction: full(x.shape, 0.75) }));
  nearAll(await run(rin, config), new Array<number>(48).fill(0.75), 1e-6);
  for (const { data } of rin.forwards.slice(1)) assert.deepEqual(data, new Array<number>(48).fill(0.5));
});

test('momentum acts once in a step: heun starts its second evaluation, and each next step, from the newest state', async () => {
  for (const momentum of [0, 0.5]) {
    const config = configure({ sampling: { sampler: 'heun', steps: 3, momentum } });
    // pass i, from 1, leaves latents of i
    const rin = new Scripted(config, (x) => ({
      latents: filled(new Array(x.shape[0]).fill(rin.forwards.length), [5, 16]),
    }));
    await run(rin, config);
    const rest = 1 - momentum;
    const first = rest * 2; // after the first step: the second pass counts, the first does not
    const second = momentum * first + rest * 4;
    const expected = [undefined, rest * 1, first, momentum * first + rest * 3, second];
    assert.deepEqual(
      rin.forwards.map(({ latents }) => latents?.[0]),
      expected,
    );
  }
});
