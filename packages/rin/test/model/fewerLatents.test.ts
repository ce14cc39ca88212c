import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewestLatents } from '@rin/core';
import { noGrad, scope, type Tensor } from '@rin/torch';
import { passFlops, totalOf } from '../../src/model/flops.js';
import { modelOf } from './modelOf.js';
import { forward, network, toTensor } from './reference/compare.js';
import { base, options } from './reference/configurations.js';
import { randomInputs, randomParameters } from './reference/draws.js';
import { referenceForward } from './reference/forward.js';
import { nearAll } from './reference/near.js';
import type { Values } from './reference/values.js';
import { tracedPass } from './tracedFlops.js';

const config = modelOf({ ...base, selfConditioning: 'both' }); // 6 latents: 4 learned, time, class
const parameters = randomParameters(config, 1);
const rin = network(config, parameters, 'float32');
const inputs = randomInputs(config, 3, 2);

const values = (tensor: Tensor): number[] => Array.from(tensor.toTypedArray(), Number);

/** Sample b of a batch. */
const one = ({ shape, data }: Values, b: number): Values => {
  const length = data.length / shape[0];
  return { shape: [1, ...shape.slice(1)], data: data.slice(b * length, (b + 1) * length) };
};

/** Learned latents first to `learned`, then the time and class tokens. */
const cut = ({ shape, data }: Values, learned: number): Values => {
  const [batch, all, dim] = shape;
  const rows = Array.from({ length: batch }, (_, b) =>
    [...Array.from({ length: learned }, (_, row) => row), all - 2, all - 1].flatMap((row) => [
      ...data.slice((b * all + row) * dim, (b * all + row + 1) * dim),
    ]),
  );
  return { shape: [batch, learned + 2, dim], data: Float64Array.from(rows.flat()) };
};

test('a pass with k latents is that of a network that has only the first k', () => {
  for (const learned of [1, 2, 3]) {
    const small = modelOf({ ...base, selfConditioning: 'both', latents: learned + 2 });
    const { shape, data } = parameters.latents;
    const fewer = { shape: [learned, shape[1]], data: data.slice(0, learned * shape[1]) };
    const previous = { ...inputs.previous, latents: cut(inputs.previous.latents, learned) };
    const expected = noGrad(() =>
      forward(network(small, { ...parameters, latents: fewer }, 'float32'), { ...inputs, previous }, 'float32'),
    );
    const k = [learned + 2, learned + 2, learned + 2];
    const found = noGrad(() => forward(rin, { ...inputs, latents: k }, 'float32'));
    for (const part of ['prediction', 'latents', 'interface'] as const) {
      assert.deepEqual(found[part].shape, expected[part].shape);
      nearAll(values(found[part]), values(expected[part]), 0, part);
    }
  }
});

test('samples with different numbers in a batch are each what they are alone', () => {
  const latents = [3, 6, 4];
  const together = noGrad(() => forward(rin, { ...inputs, latents }, 'float32'));
  assert.deepEqual(together.latents.shape, [3, 6, 32]);
  for (const [b, count] of latents.entries()) {
    const { x, gamma, condition, previous } = inputs;
    const alone = noGrad(() =>
      forward(
        rin,
        {
          ...{ x: one(x, b), gamma: one(gamma, b), condition: condition && one(condition, b), latents: [count] },
          previous: { latents: one(previous.latents, b), interface: one(previous.interface, b) },
        },
        'float32',
      ),
    );
    for (const part of ['prediction', 'interface'] as const)
      nearAll(values(together[part].narrow(0, b, 1)), values(alone[part]), 1e-5, `${part} of ${b}`);
    const Z = together.latents.narrow(0, b, 1);
    const rows = [Z.narrow(1, 0, count - 2), Z.narrow(1, 4, 2)].flatMap(values); // learned, then time and class
    nearAll(rows, values(alone.latents), 1e-5, `latents of ${b}`);
    assert.ok(values(Z.narrow(1, count - 2, 6 - count)).every((value) => value === 0));
  }
});

test('what a latent left out holds changes nothing, and gets no gradient', () => {
  const changed = randomParameters(config, 1);
  changed.latents.data.fill(1e3, 2 * 32); // learned latents 2 and 3
  const other = network(config, changed, 'float32');
  const latents = [4, 3, 4];
  const [found, same] = [rin, other].map((each) =>
    noGrad(() => values(forward(each, { ...inputs, latents }, 'float32').prediction)),
  );
  // Sample 0 has 4 latents beside others with fewer, so the mask is over 4 of the 6.
  assert.deepEqual(found, same);
  const mixed = [4, 6, 3];
  scope(() => {
    for (const parameter of Object.values(rin.parameters())) parameter.requiresGrad = true;
    const { prediction } = forward(rin, { ...inputs, latents: mixed }, 'float32');
    prediction.narrow(0, 0, 1).square().sum().backward(); // the sample with 2 learned latents
    const rows = values(rin.latents?.grad ?? assert.fail());
    assert.ok(rows.slice(0, 32).some((value) => value !== 0) && rows.slice(32, 64).some((value) => value !== 0));
    assert.ok(rows.slice(64).every((value) => value === 0));
    for (const parameter of Object.values(rin.parameters())) {
      parameter.grad = null;
      parameter.requiresGrad = false;
    }
  });
});

test('fewer latents change what comes out, and the latents of a pass with other numbers are cut or extended by zeros', () => {
  const outputs = [3, 4, 5, 6].map((count) =>
    noGrad(() => values(forward(rin, { ...inputs, latents: [count, count, count] }, 'float32').prediction)),
  );
  for (const [i, one] of outputs.entries()) for (const two of outputs.slice(0, i)) assert.notDeepEqual(one, two);
  const small = { ...inputs.previous, latents: cut(inputs.previous.latents, 2) }; // of a pass with 4
  const expected = referenceForward(
    config,
    parameters,
    inputs.x,
    inputs.gamma.data,
    inputs.condition,
    small,
    undefined,
    [6, 6, 6],
  );
  const padded = Float64Array.from({ length: 3 * 6 * 32 }, (_, at) => {
    const [sample, row, channel] = [Math.floor(at / 192), Math.floor(at / 32) % 6, at % 32];
    if (row === 2 || row === 3) return 0;
    return small.latents.data[(sample * 4 + (row < 2 ? row : row - 2)) * 32 + channel];
  });
  const found = noGrad(() => forward(rin, { ...inputs, previous: small }, 'float32'));
  nearAll(values(found.prediction), expected.prediction.data, 1e-4);
  const explicit = { ...inputs.previous, latents: { shape: [3, 6, 32], data: padded } };
  const same = noGrad(() => forward(rin, { ...inputs, previous: explicit }, 'float32'));
  assert.deepEqual(values(found.prediction), values(same.prediction));
});

test('a number of latents that is not possible fails with one sentence', () => {
  const x = toTensor(inputs.x, 'float32');
  const pass = (latents: number | number[]) => noGrad(() => rin.forward(x, [0.5, 0.5, 0.5], { latents }));
  const sentence = /^latents -?[\d.]+: expected a whole number from 3 \(time and condition tokens, .*\) to 6$/;
  for (const latents of [0, -1, 2, 7, 3.5, [3, 2, 6], [3, 7, 6]])
    assert.throws(() => pass(latents), { name: 'RinError', message: sentence });
  assert.throws(() => pass([3, 4]), { message: 'latents has 2 numbers; expected 3, one for each sample of x' });
});

test('a pass with fewer latents costs less, as much as the operators that it calls', () => {
  for (const [name, option] of Object.entries(options)) {
    const model = modelOf({ ...base, latents: 8, ...option });
    for (let count = fewestLatents(model); count < model.latents; count += 2) {
      assert.deepEqual(passFlops(model, count).pass, tracedPass(model, { latents: count }), name);
      assert.deepEqual(passFlops(model, count).cold, tracedPass(model, { latents: count, isCold: true }), name);
      assert.ok(totalOf(passFlops(model, count).pass) < totalOf(passFlops(model, count + 1).pass), name);
    }
  }
});
