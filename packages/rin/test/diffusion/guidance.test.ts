import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplingPasses } from '../../src/diffusion/samplingPasses.js';
import { nearAll } from '../model/reference/near.js';
import { classRows, filled, run } from './running.js';
import { configure, numbers, Scripted } from './scripted.js';
import { trajectory } from './trajectory.js';

test('guidance w: (1 + w)·labelled − w·unlabelled, on the raw output, for every kind of prediction', async () => {
  for (const prediction of ['x', 'eps', 'v'] as const) {
    for (const guidance of [0, 0.5, 3]) {
      const config = configure({ diffusion: { prediction }, sampling: { guidance, clip: false } });
      // class k answers 0.1·(k + 1), no class −0.05
      const rin = new Scripted(config, (x, _, { condition }) => {
        const rows = condition ? numbers(condition) : [];
        const answers = Array.from({ length: x.shape[0] }, (_, b) => {
          const label = rows.slice(3 * b, 3 * b + 3).indexOf(1);
          return label < 0 ? -0.05 : 0.1 * (label + 1);
        });
        return { prediction: filled(answers, [1, 4, 6]) };
      });
      const found = await run(rin, config, { condition: classRows(2, 0) });
      const expected = [
        [5, 0.3],
        [6, 0.1],
      ].flatMap(([seed, answer]) => {
        const mixed = (1 + guidance) * answer + guidance * 0.05;
        return trajectory(config.sampling, { seed, length: 24 }, (xt, gamma) => {
          const [signal, noise] = [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
          return { x: mixed, eps: (xt - noise * mixed) / signal, v: signal * xt - noise * mixed }[prediction];
        }).result;
      });
      // a constant ε̂ that nothing clips leads far away: float32 knows the result relative to its size
      const size = Math.max(1, ...expected.map(Math.abs));
      nearAll(found, expected, 1e-5 * size, `${prediction}, w = ${guidance}`);
      // one pass, or one of twice the batch: the same x, labelled and unlabelled
      for (const { x, condition = [] } of rin.forwards) {
        assert.equal(x.length, guidance === 0 ? 48 : 96);
        if (guidance > 0) {
          assert.deepEqual(x.slice(0, 48), x.slice(48));
          assert.deepEqual(condition.slice(6), [0, 0, 0, 0, 0, 0]);
        }
      }
    }
  }
});

test('outside its interval the labelled answer stands alone, in a single pass', async () => {
  for (const [guidanceFrom, guidanceTo] of [
    [0, 1],
    [0.2, 0.8],
    [0.9, 0.95],
  ]) {
    const config = configure({
      diffusion: { prediction: 'x' },
      sampling: { guidance: 2, guidanceFrom, guidanceTo, steps: 8, clip: false },
    });
    const rin = new Scripted(config, (x, _, { condition }) => {
      const rows = condition ? numbers(condition) : [];
      const answers = Array.from({ length: x.shape[0] }, (_, b) =>
        rows.slice(3 * b, 3 * b + 3).includes(1) ? 0.3 : 0.1,
      );
      return { prediction: filled(answers, [1, 4, 6]) };
    });
    const found = await run(rin, config, { condition: classRows(2, 0) });
    const isGuided = (gamma: number) => gamma >= guidanceFrom && gamma <= guidanceTo;
    const expected = [5, 6].flatMap(
      (seed) =>
        trajectory(config.sampling, { seed, length: 24 }, (_, gamma) => (isGuided(gamma) ? 3 * 0.3 - 2 * 0.1 : 0.3))
          .result,
    );
    nearAll(found, expected, 1e-5);
    for (const { gamma } of rin.forwards) assert.equal(gamma.length, isGuided(gamma[0]) ? 4 : 2);
    const passes = rin.forwards.reduce((sum, { gamma }) => sum + gamma.length / 2, 0);
    assert.equal(samplingPasses(config.sampling, true), passes, 'the forecast of passes');
    assert.equal(samplingPasses(config.sampling, false), 8);
  }
});

test('guidance comes before the clip', async () => {
  const config = configure({ diffusion: { prediction: 'x' }, sampling: { guidance: 1, sampler: 'ddim' } });
  const rin = new Scripted(config, () => ({ prediction: filled([1.5, 1.5, 2.2, 2.2], [1, 4, 6]) }));
  // 2·1.5 − 2.2 = 0.8; of values clipped before, 2·1 − 1 = 1
  nearAll(await run(rin, config, { condition: classRows(0, 1) }), new Array<number>(48).fill(0.8), 1e-6);
});
