import assert from 'node:assert/strict';
import { uniform } from '@rin/core';
import { scope, type Tensor, tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { trainingLoss } from '../../src/diffusion/objective.js';
import { type Noised, noised, variance } from '../diffusion/formulas.js';
import { configure, Scripted } from '../diffusion/scripted.js';
import { batchOf, drawOf, lossOf, slice } from '../diffusion/training.js';
import { near, nearAll } from '../model/reference/near.js';
import { type Cases, choicesOf } from './case.js';
import { scheduleCases } from './schedule.js';

const count = 64;
const batch = batchOf(count);
const { seed, position } = drawOf();
const positions = Array.from({ length: count }, (_, i) => position + i);
const kinds = ['eps', 'x', 'v'] as const;

const withDiffusion = (diffusion: object): Config =>
  configure({ model: { selfConditioning: 'both' }, diffusion: { selfConditioningRate: 0, ...diffusion } });

/** What the network was given in a training step that changes these keys. */
function step(diffusion: object) {
  const config = withDiffusion(diffusion);
  const rin = new Scripted(config, (x) => ({
    latents: tensor(new Float32Array(x.shape[0] * 5 * 16).fill(1), [x.shape[0], 5, 16]),
    interface: tensor(new Float32Array(x.shape[0] * 6 * 8).fill(1), [x.shape[0], 6, 8]),
  }));
  lossOf(rin, config, batch);
  const [{ x, gamma, condition = [], latents = [] }] = rin.forwards;
  const rows = (values: readonly number[]): number[][] => {
    const length = values.length / count;
    return Array.from({ length: count }, (_, i) => values.slice(i * length, (i + 1) * length));
  };
  return { x: rows(x), gamma, condition: rows(condition), kept: rows(latents).map((row) => row[0] === 1) };
}

/** The batch after it was noised. */
const truth = ({ diffusion: { schedule, inputScale } }: Config): Noised[] =>
  positions.map((sample, i) => noised(slice(batch, i, i + 1).pixels, schedule, { seed, position: sample, inputScale }));

/** The true answer of one kind, off by `error` everywhere. */
const answer = (kind: string, { gamma, x, eps }: Noised, error = 0): number[] => {
  const v = x.map((value, i) => Math.sqrt(gamma) * eps[i] - Math.sqrt(1 - gamma) * value);
  return ({ x, eps, v }[kind] ?? assert.fail(`test/options/diffusion.ts has no kind ${kind}`)).map(
    (value) => value + error,
  );
};

/** The loss of a network that answers so, and the gradient by its answer. */
function lossOfAnswer(config: Config, answers: number[][]) {
  const leaf = tensor(Float32Array.from(answers.flat()), [count, 1, 4, 6], { requiresGrad: true });
  const loss = scope(() => {
    const rin = new Scripted(config, () => ({ prediction: leaf as Tensor }));
    const value = trainingLoss(rin, config.diffusion, batch, drawOf({ total: count }));
    value.backward();
    return value.item();
  });
  return { loss, gradient: Array.from(leaf.grad?.toTypedArray() ?? [], Number) };
}

const share = (of: readonly boolean[]): number => of.filter(Boolean).length / of.length;
const timesOf = (diffusion: object) =>
  step({ schedule: { kind: 'linear' }, ...diffusion }).gamma.map((gamma) => 1 - gamma);

export const cases: Cases = {
  ...scheduleCases('diffusion.schedule', async (schedule) => ({
    times: positions.map((sample) => uniform(seed, 'time', sample, 0)),
    gammas: step({ schedule }).gamma,
  })),
  'diffusion.prediction': [
    'is what the network must answer for a loss of 0',
    () => {
      for (const prediction of choicesOf('diffusion.prediction')) {
        for (const kind of kinds) {
          const config = withDiffusion({ prediction, loss: 'v' });
          const { loss } = lossOfAnswer(
            config,
            truth(config).map((sample) => answer(kind, sample)),
          );
          assert.ok(kind === prediction ? loss < 1e-9 : loss > 0.1, `${prediction}, answered by ${kind}: ${loss}`);
        }
      }
    },
  ],
  'diffusion.loss': [
    'is what the error is taken on: one of 1 in v counts γ on ε, 1 - γ on x, and 1 on v',
    () => {
      for (const loss of choicesOf('diffusion.loss')) {
        const config = withDiffusion({ prediction: 'v', loss });
        const samples = truth(config);
        const counts: Record<string, (gamma: number) => number> = { eps: (g) => g, x: (g) => 1 - g, v: () => 1 };
        const expected = samples.reduce((sum, { gamma }) => sum + counts[loss](gamma), 0) / count;
        const answers = samples.map((sample) => answer('v', sample, 1));
        near(lossOfAnswer(config, answers).loss, expected, 1e-5, loss);
      }
    },
  ],
  'diffusion.timeSampling': [
    'stratified draws one time from each part of (0, 1), uniform does not',
    () => {
      const parts = (timeSampling: string) => new Set(timesOf({ timeSampling }).map((t) => Math.floor(t * count))).size;
      assert.equal(parts('stratified'), count);
      assert.ok(parts('uniform') < count);
    },
  ],
  'diffusion.inputScale': [
    'scales the data before they are noised',
    () => {
      for (const inputScale of [1, 0.5]) {
        const expected = truth(withDiffusion({ inputScale })).map(({ xt }) => xt);
        nearAll(step({ inputScale }).x.flat(), expected.flat(), 1e-6, `${inputScale}`);
      }
      assert.notDeepEqual(step({ inputScale: 0.5 }).x, step({ inputScale: 1 }).x);
    },
  ],
  'diffusion.normalizeInput': [
    'divides the input by its own deviation, by the expected one, or not at all',
    () => {
      assert.equal(choicesOf('diffusion.normalizeInput').length, 3);
      for (const row of step({ normalizeInput: 'sample' }).x) near(variance(row), 1, 1e-4);
      const inputs = step({}).x;
      const expected = inputs.map((row, i) => {
        const { gamma } = truth(withDiffusion({}))[i];
        return row.map((value) => value / Math.sqrt(gamma * drawOf().meanSquare + 1 - gamma));
      });
      nearAll(step({ normalizeInput: 'expected' }).x.flat(), expected.flat(), 1e-5);
      assert.ok(inputs.some((row) => Math.abs(variance(row) - 1) > 0.1));
    },
  ],
  'diffusion.clipInTraining': [
    'gives no gradient to an estimate beyond the data',
    () => {
      for (const clipInTraining of [false, true]) {
        const config = withDiffusion({ prediction: 'x', loss: 'x', clipInTraining });
        const { gradient } = lossOfAnswer(config, new Array(count).fill(new Array(24).fill(5)));
        assert.ok(
          gradient.every((value) => (value === 0) === clipInTraining),
          `${clipInTraining}`,
        );
      }
    },
  ],
  'diffusion.selfConditioningRate': [
    'is the share of samples that start from an estimate',
    () => {
      assert.equal(share(step({ selfConditioningRate: 0 }).kept), 0);
      near(share(step({ selfConditioningRate: 0.5 }).kept), 0.5, 0.25);
      assert.equal(share(step({ selfConditioningRate: 1 }).kept), 1);
    },
  ],
  'diffusion.selfConditioningBy': [
    'part takes the first of the batch, mask any',
    () => {
      const kept = (selfConditioningBy: string) => step({ selfConditioningRate: 0.5, selfConditioningBy }).kept;
      const first = Array.from({ length: count }, (_, i) => i < count / 2);
      for (const by of choicesOf('diffusion.selfConditioningBy')) {
        if (by === 'part') assert.deepEqual(kept(by), first);
        else assert.notDeepEqual(kept(by), first);
      }
    },
  ],
  'diffusion.labelDropout': [
    'is the share of samples without their label',
    () => {
      const labelled = (labelDropout: number) =>
        step({ labelDropout }).condition.filter((row) => row.some((value) => value === 1)).length;
      const known = batch.labels.filter((label) => label >= 0).length;
      assert.equal(labelled(0), known);
      near(labelled(0.5) / known, 0.5, 0.25);
      assert.equal(labelled(1), 0);
    },
  ],
};
