import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Learner } from '../../src/training/learner.js';
import { chooseCompute } from '../../src/training/resources/compute.js';
import { batchOf } from '../diffusion/training.js';
import { tiny } from './tiny.js';

test('a weight that no sample of a batch uses is decayed like all others, and keeps no gradient', async () => {
  // The second block only reads, so nothing depends on its latents.
  const model = { depth: [1, 0], dropout: 0 };
  const training = {
    optimizer: { kind: 'adamw' },
    learningRate: 0.5,
    weightDecay: 0.5,
    warmup: 0,
    batch: 2,
    microBatch: 1,
  };
  const config = tiny({ model, training });
  using learner = new Learner(config, 0.3, chooseCompute(config.training));
  const { 'blocks.1.read.mlp.up.weight': unused, 'blocks.1.read.mlp.up.bias': bias } = learner.tensors.weights;
  const numbers = () => Array.from(unused.toTypedArray(), Number);
  const before = numbers();
  await learner.update({ ...batchOf(2, 64), labels: Int32Array.of(0, 1) }, 0, 0);
  for (const [i, value] of numbers().entries()) assert.ok(Math.abs(value - 0.75 * before[i]) < 1e-6, `${value}`);
  assert.ok(before.some((value) => Math.abs(value) > 0.01));
  assert.ok(bias.toTypedArray().every((value: number | bigint) => Number(value) === 0));
  for (const weight of Object.values(learner.tensors.weights)) assert.equal(weight.grad, null);
});
