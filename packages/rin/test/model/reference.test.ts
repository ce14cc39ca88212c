import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelConfig } from '../../src/config/model.js';
import { modelOf } from './modelOf.js';
import { randomInputs, randomParameters } from './reference/draws.js';
import { referenceForward } from './reference/forward.js';
import { geometry } from './reference/geometry.js';
import { near, nearAll } from './reference/near.js';
import { referenceCount, referenceInitial, referenceParameters } from './reference/parameters.js';
import { patches, unfold } from './reference/patches.js';
import { sampleTokens, type Tokens, type Values } from './reference/values.js';

// The oracle of the model's tests is itself tested here, against what the paper's tables say and what follows from it.

const small = (more: Partial<ModelConfig> = {}) =>
  modelOf({
    ...{ size: 4, patch: 2, classes: 3, latents: 5, latentDim: 16, latentHeads: 4, interfaceDim: 8, readWriteHeads: 2 },
    ...{ depth: [1, 2] },
    ...more,
  });

test('parameter counts of the networks for CIFAR-10 and ImageNet are right', () => {
  const cifar = { size: 32, patch: 2, classes: 10, interfaceMlpRatio: 2 };
  const imagenet = { patch: 8, classes: 1000, latentDim: 768, interfaceDim: 512, readWriteHeads: 16 };
  const count = (config: Partial<ModelConfig>) => referenceCount(modelOf(config)) / 1e6;
  near(count(cifar), 30.95, 0.005, 'CIFAR-10');
  near(count({ ...imagenet, size: 64, depth: [4, 4, 4, 4] }), 157.8, 0.05, 'ImageNet-64');
  near(count({ ...imagenet, size: 64, depth: [6, 6, 6, 6] }), 214.5, 0.05, 'ImageNet-64, 4 x 6');
  near(count({ ...imagenet, size: 512, latents: 256, depth: Array(6).fill(6) }), 320.6, 0.05, 'ImageNet-512');
  near(count({ ...imagenet, size: 1024, latents: 256, depth: Array(6).fill(8) }), 411.95, 0.005, 'ImageNet-1024');
});

test('initial limits of CIFAR-10 are those of the reference', () => {
  const config = modelOf({ size: 32, patch: 2, classes: 10, interfaceMlpRatio: 2 });
  const limit = (name: string) => {
    const initial = referenceInitial(config, name);
    assert.equal(initial.kind, 'uniform', name);
    return initial.kind === 'uniform' ? initial.limit : Number.NaN;
  };
  for (const part of ['q', 'k', 'v']) near(limit(`blocks.0.compute.1.attention.${part}.weight`), 0.0156, 5e-5);
  near(limit('blocks.0.compute.1.attention.out.weight'), 0.0263, 5e-5);
  near(limit('stem.weight'), 0.0761, 5e-5);
  near(limit('time.dense0.weight'), Math.sqrt(6 / (128 + 512)), 1e-15);
  assert.deepEqual(referenceInitial(config, 'latents'), { kind: 'truncatedNormal', std: 0.02 });
  assert.deepEqual(referenceInitial(config, 'previous_norm.weight'), { kind: 'zeros' });
  assert.deepEqual(referenceInitial(config, 'readout_norm.weight'), { kind: 'ones' });
  assert.deepEqual(referenceInitial(config, 'readout.bias'), { kind: 'zeros' });
});

test('the forward pass reads every parameter that the table lists, and no other', () => {
  const configs = [
    small(),
    small({ classes: 0, selfConditioning: 'none', interfaceMlpRatio: 0, interfacePosition: 'sinCos' }),
    small({ latentPosition: 'sinCos', depth: [0, 1, 0], convolutionKernel: 3 }),
    small({ timeOn: 'interface', conditionOn: 'interface', decoupledRead: true, normalizeKeyValue: true }),
    small({
      selfConditioning: 'both+data',
      timeOn: 'interfaceWritable',
      conditionDim: 3,
      conditionTokens: 2,
      classes: 0,
    }),
    small({ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2 }),
  ];
  for (const config of configs) {
    const used = new Set<string>();
    const parameters = new Proxy(randomParameters(config, 1), {
      get(all, name: string) {
        used.add(name);
        return all[name];
      },
    });
    const { x, gamma, condition, given } = randomInputs(config, 1, 2);
    referenceForward(config, parameters, x, gamma.data, condition, {}, given);
    assert.deepEqual([...used].sort(), Object.keys(referenceParameters(config)).sort());
  }
});

test('patch vectors are in the order (frame,) row, column, channel, tokens in raster order', () => {
  const place = (config: ModelConfig, at: number[]) => {
    const g = geometry(config);
    const [c, ...rest] = at;
    const flat = rest.reduce((sum, index, axis) => sum * g.size[axis] + index, c);
    const pixels = new Float64Array(config.channels * g.size.reduce((a, b) => a * b, 1));
    pixels[flat] = 1;
    const tokens = patches(config.channels, g, pixels);
    nearAll(unfold(config.channels, g, tokens), pixels, 0);
    const token = tokens.findIndex((row) => row.includes(1));
    return [token, tokens[token].indexOf(1)];
  };
  // 4 x 6 picture, patch 2: channel 1 at row 3, column 4 is in cell (1, 2), inside at (1, 0)
  assert.deepEqual(place(small({ size: [4, 6] }), [1, 3, 4]), [1 * 3 + 2, (1 * 2 + 0) * 3 + 1]);
  // 4 x 4 x 4 clip, patch 2 x 1 x 2: frame 1, row 2, column 3 is in cell (0, 2, 1), inside at (1, 0, 1)
  assert.deepEqual(place(small({ size: [4, 4, 4], patch: [2, 1, 2] }), [2, 1, 2, 3]), [2 * 2 + 1, (1 * 2 + 1) * 3 + 2]);
  // a number for the patch of a clip is spatial: frame 3, row 0, column 2 is in cell (3, 0, 1), inside at (0, 0, 0)
  assert.deepEqual(place(small({ size: [4, 4, 4] }), [0, 3, 0, 2]), [(3 * 2 + 0) * 2 + 1, 0]);
  // signal of 12, patch 4: place 6 is in cell 1 at 2
  assert.deepEqual(place(small({ size: [12], patch: 4, channels: 2 }), [1, 6]), [1, 2 * 2 + 1]);
});

function run(config: ModelConfig, parameters: Record<string, Values>, seed = 3) {
  const { x, gamma, condition, previous } = randomInputs(config, 2, seed);
  return referenceForward(config, parameters, x, gamma.data, condition, previous);
}

function permuted(rows: Tokens, order: number[]): Values {
  return { shape: [rows.length, rows[0].length], data: Float64Array.from(order.flatMap((row) => [...rows[row]])) };
}

test('permuting the learned latents permutes the latents that come out and leaves the rest', () => {
  const config = small({ selfConditioning: 'none' }); // slots: 3 learned, time, class
  const parameters = randomParameters(config, 4);
  const before = run(config, parameters);
  const rows = sampleTokens({ shape: [1, ...parameters.latents.shape], data: parameters.latents.data }, 0);
  const order = [2, 0, 1];
  const after = run(config, { ...parameters, latents: permuted(rows, order) });
  nearAll(after.prediction.data, before.prediction.data, 1e-12);
  for (let b = 0; b < 2; b++) {
    const was = sampleTokens(before.latents, b);
    const is = sampleTokens(after.latents, b);
    for (const [slot, from] of [...order, 3, 4].entries()) nearAll(is[slot], was[from], 1e-12);
  }
});

test('slots of the latents: learned, time, condition; previous latents fill all of them', () => {
  // depth 0 and zeroed read output and MLP leave Z at its start
  const config = { ...small({ conditionDim: 2, conditionTokens: 2, classes: 0 }), depth: [0] };
  const parameters = randomParameters(config, 5);
  for (const [name, { data }] of Object.entries(parameters)) {
    if (/read.*(out|down)|previous_norm/.test(name)) data.fill(0);
  }
  const inputs = randomInputs(config, 1, 6);
  const forward = (gamma: number[], condition: Values | undefined) =>
    sampleTokens(referenceForward(config, parameters, inputs.x, gamma, condition, inputs.previous).latents, 0);
  const before = forward([0.25], inputs.condition);
  assert.equal(before.length, 5);
  for (let slot = 0; slot < 2; slot++)
    nearAll(before[slot], parameters.latents.data.slice(slot * 16, slot * 16 + 16), 0);
  const changed = (after: Tokens) =>
    after.flatMap((row, slot) => (row.some((v, c) => v !== before[slot][c]) ? [slot] : []));
  assert.deepEqual(changed(forward([0.5], inputs.condition)), [2]);
  const condition = inputs.condition ?? assert.fail();
  const second = { shape: condition.shape, data: condition.data.map((value, i) => (i >= 2 ? value + 1 : value)) };
  assert.deepEqual(changed(forward([0.25], second)), [4]);
  parameters['previous_norm.weight'].data.fill(1);
  assert.deepEqual(changed(forward([0.25], inputs.condition)), [0, 1, 2, 3, 4]);
});

test('read-only tokens are read and not written; the interface that is carried has the n patch tokens', () => {
  const readOnly = small({ timeOn: 'interface', conditionOn: 'interface' });
  const writable = small({ timeOn: 'interfaceWritable', conditionOn: 'interfaceWritable' });
  const parameters = randomParameters(readOnly, 7);
  const first = run(readOnly, parameters);
  assert.deepEqual(first.interface.shape, [2, 4, 8]);
  assert.deepEqual(first.latents.shape, [2, 5, 16]);
  assert.deepEqual(first.prediction.shape, [2, 3, 4, 4]);
  const second = run(writable, parameters);
  assert.deepEqual(second.interface.shape, [2, 4, 8]);
  const distance = (a: Values, b: Values) => Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i])));
  assert.ok(distance(first.latents, second.latents) > 0.01, 'the second block reads what the first one wrote');
  // with a write that adds nothing, writable and read-only are the same
  for (const [name, { data }] of Object.entries(parameters)) if (/write.*(out|down)/.test(name)) data.fill(0);
  nearAll(run(readOnly, parameters).latents.data, run(writable, parameters).latents.data, 1e-12);
});

test('a decoupled read sees the read-only tokens alone, before the main read, which does not see them', () => {
  const config = small({ timeOn: 'interface', conditionOn: 'interface', decoupledRead: true });
  const parameters = randomParameters(config, 10);
  const { x, gamma, condition } = randomInputs(config, 1, 11);
  const latents = (g: number) => referenceForward(config, parameters, x, [g], condition).latents.data;
  assert.notDeepEqual(latents(0.25), latents(0.75));
  for (const [name, { data }] of Object.entries(parameters)) if (/condition_read.*out/.test(name)) data.fill(0);
  assert.deepEqual(latents(gamma.data[0]), latents(0.75));
});

test('the previous estimate of the data reaches the stem as channels behind those of x, pixel by pixel', () => {
  const config = small({ selfConditioning: 'data' });
  const parameters = randomParameters(config, 12);
  const stem = parameters['stem.weight'];
  assert.deepEqual(stem.shape, [8, 2 * 2 * 6]);
  const { x, gamma, condition, previous } = randomInputs(config, 2, 13);
  const { prediction } = referenceForward(config, parameters, x, gamma.data, condition, previous);
  // x and estimate exchanged, and in each pixel the columns of the one with those of the other
  const exchanged = stem.data.map((_, i) => stem.data[i % 6 < 3 ? i + 3 : i - 3]);
  const swapped = { ...parameters, 'stem.weight': { ...stem, data: exchanged } };
  const same = referenceForward(config, swapped, previous.data, gamma.data, condition, { data: x });
  nearAll(same.prediction.data, prediction.data, 1e-12);
});

test('given frames: clean tokens with the positions behind, read and written, not read out; the rest of a slice is zeros', () => {
  const config = small({ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2 }); // 2 slices to predict, 1 given
  const parameters = randomParameters(config, 12);
  const { x, gamma, condition, given = assert.fail() } = randomInputs(config, 1, 13);
  const forward = (frames: Values, with_ = parameters) =>
    referenceForward(config, with_, x, gamma.data, condition, {}, frames);
  const before = forward(given);
  assert.deepEqual(before.prediction.shape, [1, 3, 3, 4, 4]);
  assert.deepEqual(before.interface.shape, [1, 8, 8]);
  assert.deepEqual(parameters.interface_position.shape, [12, 8]);
  // Each position of the given slice matters, and so does each given frame.
  for (let token = 8; token < 12; token++) {
    const table = parameters.interface_position;
    const moved = { shape: table.shape, data: table.data.map((value, i) => value + (i === 8 * token ? 1 : 0)) };
    assert.notDeepEqual(forward(given, { ...parameters, interface_position: moved }).prediction, before.prediction);
  }
  for (const frame of [0, 1]) {
    const other = given.data.map((value, i) => value + (Math.floor(i / 16) % 2 === frame ? 1 : 0));
    assert.notDeepEqual(forward({ shape: given.shape, data: other }).prediction, before.prediction);
  }
  // A frame of zeros that is predicted too changes nothing of the others: the last slice was padded with it.
  const longer = small({ size: [6, 4, 4], patch: [2, 2, 2], givenFrames: 2 });
  const frames = (values: Values) => values.data.length / (3 * 16);
  const padded = Float64Array.from({ length: 3 * 4 * 16 }, (_, i) => {
    const [channel, rest] = [Math.floor(i / 64), i % 64];
    return rest < 48 ? x.data[channel * 48 + rest] : 0;
  });
  const whole = referenceForward(
    longer,
    parameters,
    { shape: [1, 3, 4, 4, 4], data: padded },
    gamma.data,
    condition,
    {},
    given,
  );
  assert.equal(frames(before.prediction), 3);
  for (let channel = 0; channel < 3; channel++)
    nearAll(
      before.prediction.data.slice(channel * 48, channel * 48 + 48),
      whole.prediction.data.slice(channel * 64, channel * 64 + 48),
      0,
    );
});

test('samples of a batch do not see each other, and what is absent of a previous pass is zeros', () => {
  const config = small({ selfConditioning: 'both+data' });
  const parameters = randomParameters(config, 8);
  const { x, gamma, condition } = randomInputs(config, 2, 9);
  const zeros = (shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });
  const both = referenceForward(config, parameters, x, gamma.data, condition);
  const explicit = { latents: zeros([2, 5, 16]), interface: zeros([2, 4, 8]), data: zeros([2, 3, 4, 4]) };
  const same = referenceForward(config, parameters, x, gamma.data, condition, explicit);
  nearAll(both.prediction.data, same.prediction.data, 0);
  const half = (v: Values, b: number) => ({
    shape: [1, ...v.shape.slice(1)],
    data: v.data.slice((b * v.data.length) / 2, ((b + 1) * v.data.length) / 2),
  });
  for (const b of [0, 1]) {
    const one = condition && half(condition, b);
    const alone = referenceForward(config, parameters, half(x, b), [gamma.data[b]], one);
    nearAll(alone.prediction.data, half(both.prediction, b).data, 0);
  }
});
