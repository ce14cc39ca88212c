import assert from 'node:assert/strict';
import { scope, tensor } from '@rin/torch';
import type { OptimizerConfig } from '../../src/config/training.js';
import { createOptimizer } from '../../src/training/optimizer.js';
import { near, nearAll } from '../model/reference/near.js';
import { tiny } from '../training/tiny.js';
import { assertDistinct, type Cases, choicesOf } from './case.js';

type Gradient = readonly [matrix: readonly number[], vector: readonly number[]];

const matrix = [0.3, -0.1, 0.2, 0.5];
const vector = [0.4, -0.2];
/** The second differs from the first in direction and size. */
const two: readonly Gradient[] = [
  [
    [1, 0.2, -0.3, 0.1],
    [1, -0.5],
  ],
  [
    [0.1, -0.4, 0.2, 0.3],
    [-0.2, 0.3],
  ],
];
const nothing: Gradient = [
  [0, 0, 0, 0],
  [0, 0],
];

interface Rates {
  readonly learningRate?: number;
  readonly weightDecay?: number;
}

/** By how much a matrix of a block and a vector move in the last of these updates. */
function moved(optimizer: object, gradients: readonly Gradient[], { learningRate = 0.1, weightDecay = 0 }: Rates = {}) {
  const { training } = tiny({ training: { optimizer, learningRate, weightDecay } });
  return scope(() => {
    const parameters = { 'blocks.0.read.mlp.up.weight': tensor(matrix, [2, 2]), 'stem.bias': tensor(vector) };
    const values = () => Object.values(parameters).map((part) => Array.from(part.toTypedArray(), Number));
    const created = createOptimizer(training, parameters, 'float32');
    let before = values();
    for (const [first, second] of gradients) {
      before = values();
      const [kernel, bias] = Object.values(parameters);
      [kernel.grad, bias.grad] = [tensor([...first], [2, 2]), tensor([...second])];
      created.step();
    }
    const [inMatrix, inVector] = values().map((after, part) => after.map((value, i) => value - before[part][i]));
    return { inMatrix, inVector };
  });
}

/** Adam's second step of the vector (Kingma & Ba 2015): all optimisers move vectors so. */
function adamStep(
  { beta1, beta2, epsilon }: { beta1: number; beta2: number; epsilon: number },
  rate: number,
): number[] {
  return vector.map((_, i) => {
    const [g1, g2] = two.map(([, gradient]) => gradient[i]);
    const mean = (beta1 * (1 - beta1) * g1 + (1 - beta1) * g2) / (1 - beta1 ** 2);
    const square = (beta2 * (1 - beta2) * g1 ** 2 + (1 - beta2) * g2 ** 2) / (1 - beta2 ** 2);
    return (-rate * mean) / (Math.sqrt(square) + epsilon);
  });
}

/** Fails unless the key changes the step of every optimiser as Adam's formula says. */
function changesAdam(change: object) {
  for (const kind of choicesOf('training.optimizer')) {
    const { optimizer } = tiny({ training: { optimizer: { kind, ...change } } }).training;
    const rate = optimizer.kind === 'muon' ? optimizer.adamRate : 0.1;
    const { inVector } = moved(optimizer, two);
    nearAll(inVector, adamStep(optimizer, rate), 1e-6, kind);
    const usual: OptimizerConfig = tiny({ training: { optimizer: { kind } } }).training.optimizer;
    assert.ok(Math.abs(inVector[0] / adamStep(usual, rate)[0] - 1) > 1e-3, `${kind}: no change`);
  }
}

/** How far the smaller singular value of Muon's update of diag(1, 0.1) is below the larger one. */
function unevenness(newtonSchulzSteps: number): number {
  const { inMatrix } = moved({ kind: 'muon', newtonSchulzSteps }, [[[1, 0, 0, 0.1], vector]]);
  return Math.abs(Math.log(inMatrix[3] / inMatrix[0]));
}

export const cases: Cases = {
  'training.optimizer': [
    'moves a matrix in a way of its own',
    () => {
      assertDistinct('training.optimizer', (kind) => moved({ kind }, two).inMatrix);
      // LAMB's trust ratio: every matrix moves by the rate times its own norm.
      near(Math.hypot(...moved({ kind: 'lamb' }, two).inMatrix) / (0.1 * Math.hypot(...matrix)), 1, 0.1);
    },
  ],
  'training.optimizer.beta1': ['is the decay of the mean', () => changesAdam({ beta1: 0.5 })],
  'training.optimizer.beta2': ['is the decay of the mean square', () => changesAdam({ beta2: 0.5 })],
  'training.optimizer.epsilon': ['is added to the root', () => changesAdam({ epsilon: 0.5 })],
  'training.optimizer.momentum': [
    'keeps the direction of earlier gradients; without it none counts',
    () => {
      const forgetful = { kind: 'muon', momentum: 0 };
      nearAll(moved(forgetful, two).inMatrix, moved(forgetful, two.slice(1)).inMatrix, 1e-6);
      const { inMatrix } = moved({ kind: 'muon', momentum: 0.95 }, two);
      assert.ok(inMatrix.some((value, i) => Math.abs(value - moved(forgetful, two).inMatrix[i]) > 1e-3));
    },
  ],
  'training.optimizer.newtonSchulzSteps': [
    'bring the singular values of an update together',
    () => assert.ok(unevenness(1) > unevenness(2) && unevenness(2) > 2 * unevenness(5)),
  ],
  'training.optimizer.adamRate': [
    'is the rate of what is no matrix of a block',
    () => {
      const [slow, fast] = [0.01, 0.03].map((adamRate) => moved({ kind: 'muon', adamRate }, two));
      nearAll(
        fast.inVector,
        slow.inVector.map((value) => 3 * value),
        1e-6,
      );
      assert.deepEqual(fast.inMatrix, slow.inMatrix);
    },
  ],
  'training.learningRate': [
    'is how far a matrix moves',
    () => {
      for (const kind of choicesOf('training.optimizer')) {
        const [slow, fast] = [0.01, 0.03].map((learningRate) => moved({ kind }, two.slice(0, 1), { learningRate }));
        nearAll(
          fast.inMatrix,
          slow.inMatrix.map((value) => 3 * value),
          1e-6,
          kind,
        );
      }
    },
  ],
  'training.weightDecay': [
    'draws matrices to zero where no gradient comes, and leaves vectors alone',
    () => {
      for (const kind of choicesOf('training.optimizer')) {
        const { inMatrix, inVector } = moved({ kind }, [nothing], { weightDecay: 0.5 });
        for (const [i, value] of inMatrix.entries()) assert.ok(value / matrix[i] < -0.04, `${kind}: ${value}`);
        assert.deepEqual(inVector, [0, 0], kind);
        assert.deepEqual(moved({ kind }, [nothing]).inMatrix.map(Math.abs), [0, 0, 0, 0], kind);
      }
    },
  ],
};
