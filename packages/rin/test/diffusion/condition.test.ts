import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RinError, uniform } from '@rin/core';
import { tensor } from '@rin/torch';
import type { Batch } from '../../src/data/loader.js';
import { sample } from '../../src/diffusion/sample.js';
import { nearAll } from '../model/reference/near.js';
import { configure, numbers, Scripted } from './scripted.js';
import { batchOf, drawOf, livelyNetwork, lossOf } from './training.js';

const sequenceModel = { classes: 0, conditionDim: 3, conditionTokens: 2 };

const configOf = (over: object = {}) => configure({ model: sequenceModel, ...over });

/** Random pixels with sequences of 6 numbers. */
function batchWith(count: number): Batch {
  const { pixels } = batchOf(count);
  const sequences = Float32Array.from({ length: 6 * count }, (_, i) => Math.sin(i + 1));
  return { pixels, labels: new Int32Array(count).fill(-1), sequences };
}

test('each sample trains with its own sequence, or with zeros if it is dropped, in both passes', () => {
  const count = 16;
  const config = configOf({ diffusion: { labelDropout: 0.4, selfConditioningRate: 1 } });
  const batch = batchWith(count);
  const rin = new Scripted(config, (x) => ({
    latents: tensor(new Float32Array(x.shape[0] * 5 * 16), [x.shape[0], 5, 16]),
  }));
  lossOf(rin, config, batch);
  const dropped = [rin.forwards, rin.warmUps].map(([{ condition = [] }], pass) => {
    assert.equal(condition.length, 6 * count);
    return Array.from({ length: count }, (_, i) => {
      const { seed, position } = drawOf();
      const isDropped = uniform(seed, 'labelDropout', position + i, pass) < 0.4;
      const own = Array.from(batch.sequences?.subarray(6 * i, 6 * i + 6) ?? [], (value) => (isDropped ? 0 : value));
      assert.deepEqual(condition.slice(6 * i, 6 * i + 6), own, `sample ${i} of pass ${pass}`);
      return isDropped;
    });
  });
  for (const flags of dropped) assert.ok(flags.includes(true) && flags.includes(false));
});

test('the loss depends on the sequences, and a sample without one trains as with zeros', () => {
  const config = configOf({ diffusion: { selfConditioningRate: 0 } });
  const rin = livelyNetwork(config);
  const batch = batchWith(4);
  const { sequences: _, ...without } = batch;
  const zeros = { ...batch, sequences: new Float32Array(24) };
  assert.notEqual(lossOf(rin, config, batch), lossOf(rin, config, zeros));
  nearAll([lossOf(rin, config, without)], [lossOf(rin, config, zeros)], 1e-6);
});

test('conditions of a program are repeated over the seeds; null is none, and guidance adds a pass without', async () => {
  const config = configOf({ sampling: { steps: 1, guidance: 2 }, diffusion: { prediction: 'x' } });
  // the answer is the first number of the sequence
  const network = new Scripted(config, (x, _, { condition }) => {
    const rows = condition ? numbers(condition) : new Array<number>(6 * x.shape[0]).fill(0);
    const first = Float32Array.from({ length: x.shape[0] }, (_, i) => rows[6 * i]);
    return { prediction: tensor(first, [first.length, 1, 1, 1]).expand(x.shape) };
  });
  const model = { config, classes: [], meanSquare: 1, network };
  const conditions = [Float32Array.of(0.25, 0, 0, 0, 0, 0), null];
  const images = await sample(model, { seeds: [1, 2, 3], conditions, batch: 2 });
  // (1 + 2)·0.25 − 2·0 = 0.75
  assert.deepEqual(
    images.map(({ data }) => data[0]),
    [0.75, 0, 0.75].map((x) => Math.round((x + 1) * 127.5)),
  );
  assert.deepEqual(
    network.forwards.map(({ x }) => x.length / 24),
    [4, 2],
  );
  // without conditions there is one pass
  await sample(model, { seeds: [1] });
  assert.equal(network.forwards[2].x.length, 24);
});

test('conditions that do not fit are refused in one sentence', async () => {
  const config = configOf();
  const model = { config, classes: [], meanSquare: 1, network: new Scripted(config) };
  const refused = (conditions: (Float32Array | null)[], message: string, of = model) =>
    assert.rejects(sample(of, { seeds: [1, 2], conditions }), (error) => {
      assert.ok(error instanceof RinError);
      assert.equal(error.message, message);
      return true;
    });
  await refused([null, new Float32Array(5)], 'conditions: sequence 1 has 5 numbers; expected 6, 2 × 3');
  await refused([], 'conditions is empty; expected at least one, or leave it out');
  const notFinite = Float32Array.of(0, 0, Number.NaN, 0, 0, 0);
  await refused([notFinite], 'conditions: sequence 0 has NaN at 2; expected finite numbers');
  const classes = configure();
  await refused([new Float32Array(6)], 'conditions: this model takes no sequences as condition; leave them out', {
    config: classes,
    classes: [],
    meanSquare: 1,
    network: new Scripted(classes),
  });
});
