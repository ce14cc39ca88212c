import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { type Dtype, noGrad, zeros } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import type { ForwardOptions } from '../../src/model/pass.js';
import { RIN } from '../../src/model/rin.js';
import { modelOf } from './modelOf.js';

// What a pass refuses, since libtorch would broadcast or reshape it without a word.

const base: Partial<ModelConfig> = {
  ...{ size: [4, 6], patch: 2, channels: 1, classes: 3, selfConditioning: 'both+data' },
  ...{ latents: 5, latentDim: 16, latentHeads: 2, interfaceDim: 8, readWriteHeads: 2, depth: [1] },
};
const classes = new RIN(modelOf(base));
const sequence = new RIN(modelOf({ ...base, classes: 0, conditionDim: 7, conditionTokens: 2 }));
const unconditional = new RIN(modelOf({ ...base, classes: 0 }));

interface Given {
  readonly network?: RIN;
  readonly x?: number[];
  readonly dtype?: Dtype;
  readonly gamma?: number[];
  readonly condition?: number[];
  readonly latents?: number[];
  readonly interface?: number[];
  readonly data?: number[];
}

/** Both kinds of pass with zeros of these shapes. */
function pass({ network = classes, x = [2, 1, 4, 6], dtype = 'float32', gamma = [2], condition, ...given }: Given) {
  const options: ForwardOptions = {
    ...(condition && { condition: zeros(condition) }),
    previous: {
      ...(given.latents && { latents: zeros(given.latents) }),
      ...(given.interface && { interface: zeros(given.interface) }),
      ...(given.data && { data: zeros(given.data) }),
    },
  };
  const input = [zeros(x, { dtype }), zeros(gamma), options] as const;
  return [() => noGrad(() => network.forward(...input)), () => noGrad(() => network.warmUp(...input))];
}

const refuses = (given: Given, message: string) => {
  for (const run of pass(given)) assert.throws(run, new RinError(message));
};

test('input of the shapes that the network takes passes', () => {
  const previous = { latents: [2, 5, 16], interface: [2, 6, 8], data: [2, 1, 4, 6] };
  for (const run of pass({ condition: [2, 3], ...previous })) run();
  for (const run of pass({ network: sequence, condition: [2, 2, 7], ...previous })) run();
  for (const run of pass({ network: unconditional, dtype: 'float64' })) run();
});

test('samples of another shape are refused, swapped sides among them', () => {
  refuses({ x: [2, 1, 6, 4] }, 'x is [2, 1, 6, 4]; expected [B, 1, 4, 6]');
  refuses({ x: [1, 4, 6] }, 'x is [1, 4, 6]; expected [B, 1, 4, 6]');
});

test('samples of integers are refused, which would pass for signals of 0 to 255', () => {
  for (const dtype of ['uint8', 'int32', 'int64', 'bool'] as const)
    refuses({ dtype }, `x is ${dtype}; expected floats in [-b, b], b = inputScale. Convert bytes with b·(2·x/255 - 1)`);
});

test('shapes that would broadcast over the batch or the tokens are refused', () => {
  refuses({ gamma: [1] }, 'gamma is [1]; expected [2]');
  refuses({ gamma: [] }, 'gamma is []; expected [2]');
  refuses({ gamma: [2, 1] }, 'gamma is [2, 1]; expected [2]');
  refuses({ condition: [1, 3] }, 'condition is [1, 3]; expected [2, 3]');
  refuses({ condition: [2, 1] }, 'condition is [2, 1]; expected [2, 3]');
  const one = { network: sequence, condition: [2, 1, 7] };
  refuses(one, 'condition is [2, 1, 7]; expected [2, 2, 7]');
  refuses({ latents: [1, 5, 16] }, 'previous.latents is [1, 5, 16]; expected [2, 5, 16]');
  refuses({ latents: [2, 1, 16] }, 'previous.latents is [2, 1, 16]; expected [2, 5, 16]');
  refuses({ interface: [2, 1, 8] }, 'previous.interface is [2, 1, 8]; expected [2, 6, 8]');
  refuses({ data: [1, 1, 4, 6] }, 'previous.data is [1, 1, 4, 6]; expected [2, 1, 4, 6]');
  refuses({ data: [2, 1, 6, 4] }, 'previous.data is [2, 1, 6, 4]; expected [2, 1, 4, 6]');
});

test('a network with given frames needs them in their shape, and another refuses them', () => {
  const clips = new RIN(modelOf({ ...base, size: [5, 4, 6], patch: [2, 2, 2], givenFrames: 2 }));
  const x = zeros([2, 1, 3, 4, 6]);
  const forward = (options: ForwardOptions) => noGrad(() => clips.forward(x, [0.5, 0.5], options));
  assert.deepEqual(forward({ given: zeros([2, 1, 2, 4, 6]) }).prediction.shape, x.shape);
  assert.throws(
    () => forward({}),
    new RinError('this network predicts frames from 2 given ones; pass them as `given`, [2, 1, 2, 4, 6]'),
  );
  assert.throws(
    () => forward({ given: zeros([1, 1, 2, 4, 6]) }),
    new RinError('given is [1, 1, 2, 4, 6]; expected [2, 1, 2, 4, 6]'),
  );
  assert.throws(
    () => forward({ given: zeros([2, 1, 2, 4, 6], { dtype: 'uint8' }) }),
    new RinError('given is uint8; expected floats in [-b, b], b = inputScale. Convert bytes with b·(2·x/255 - 1)'),
  );
  assert.throws(
    () => noGrad(() => classes.forward(zeros([2, 1, 4, 6]), [0.5, 0.5], { given: zeros([2, 1, 2, 4, 6]) })),
    new RinError('this network takes no given frames, but some were given; leave them out'),
  );
});

test('a network without condition refuses one, which it would leave out', () => {
  refuses(
    { network: unconditional, condition: [2, 3] },
    'this network takes no condition, but one was given; leave it out',
  );
});
