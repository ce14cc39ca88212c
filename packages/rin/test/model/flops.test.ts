import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passFlops, totalOf } from '../../src/model/flops.js';
import { modelParts, parametersByPart } from '../../src/model/parts.js';
import { loadPreset } from '../../src/training/presets.js';
import { modelOf } from './modelOf.js';
import { base, options, randomConfiguration } from './reference/configurations.js';
import { tracedFirst, tracedPass } from './tracedFlops.js';

test('the operations of a pass are those of its products, counted by hand from the equations', () => {
  for (const name of ['benchmark', 'cifar10', 'cifar10-small'] as const) {
    const { model } = loadPreset(name);
    const { latents: m, latentDim: D, interfaceDim: d, depth, convolutionKernel: kernel } = model;
    const patch = Number(model.patch);
    const n = (Number(model.size) / patch) ** 2;
    const w = Math.min(d, D); // width of reads and writes
    const linear = (tokens: number, from: number, to: number) => 2 * tokens * from * to;
    const mlp = (tokens: number, width: number, ratio: number) => 2 * linear(tokens, width, ratio * width);
    const attend = (queries: number, keys: number, width: number) => 2 * 2 * queries * keys * width;
    const cross = (queries: number, width: number, keys: number, keyWidth: number) =>
      linear(queries, width, w) + 2 * linear(keys, keyWidth, w) + attend(queries, keys, w) + linear(queries, w, width);
    const read = cross(m, D, n, d) + mlp(m, D, model.latentMlpRatio);
    const compute = 4 * linear(m, D, D) + attend(m, m, D) + mlp(m, D, model.latentMlpRatio);
    const write = cross(n, d, m, D) + mlp(n, d, model.interfaceMlpRatio);
    const convolution = kernel > 0 ? 2 * n * d * kernel ** 2 + linear(n, d, d) : 0;
    const blocks = depth.reduce((sum, layers) => sum + read + layers * compute + write + convolution, 0);
    const patches = 2 * linear(n, 3 * patch ** 2, d); // stem and readout
    const expected = blocks + patches + mlp(m, D, model.latentMlpRatio); // and the earlier latents
    // The codes of time and class, one token each, are left out here: below 1 % of these networks.
    const ratio = totalOf(passFlops(model).pass) / expected;
    assert.ok(ratio >= 1 && ratio < 1.01, `${name}: ${ratio}`);
  }
});

test('the benchmark network takes 1.201 GFLOP for a pass, as its preset says', () => {
  assert.equal((totalOf(passFlops(loadPreset('benchmark').model).pass) / 1e9).toFixed(3), '1.201');
});

test('with data self-conditioning the stem reads twice the channels', () => {
  const of = (over: object) => totalOf(passFlops(modelOf({ ...loadPreset('emoji-64').model, ...over })).pass);
  // 64 patches of 8×8×3 numbers to the channels of the interface once more
  const { interfaceDim } = loadPreset('emoji-64').model;
  assert.equal(of({ selfConditioning: 'latents+data' }) - of({}), 2 * 64 * (8 * 8 * 3) * interfaceDim);
});

test('the tokens of given frames are read and written as the others are, but not read out', () => {
  const of = (over: object) => totalOf(passFlops(modelOf({ ...loadPreset('emoji-64').model, ...over })).pass);
  const clip = { size: [6, 64, 64], patch: [2, 8, 8], interfaceDim: 128, convolutionKernel: 0 };
  const readout = 2 * 64 * 128 * (2 * 8 * 8 * 3);
  assert.equal(of({ ...clip, givenFrames: 2 }), of(clip) - readout);
});

const configurations = [
  ...Object.entries(options).map(([name, option]) => [name, modelOf({ ...base, ...option })] as const),
  ...Array.from({ length: 40 }, (_, seed) => [`random ${seed}`, randomConfiguration(seed)] as const),
];

test('the operations of each part are those of the operators that a pass calls, for every option', () => {
  for (const [name, model] of configurations) assert.deepEqual(passFlops(model).pass, tracedPass(model), name);
});

test('the operations of a first pass of self-conditioning are those of its operators, for every option', () => {
  for (const [name, model] of configurations) {
    if (model.selfConditioning === 'none') continue;
    assert.deepEqual(passFlops(model).first, tracedFirst(model), name);
  }
});

test('parts without weights have neither parameters nor operations', () => {
  const plain = modelOf({ ...base, classes: 0, selfConditioning: 'none' });
  const [numbers, { pass }] = [parametersByPart(plain), passFlops(plain)];
  const empty = modelParts.filter((part) => numbers[part] === 0);
  assert.deepEqual(empty, ['condition', 'warmStart', 'convolution']);
  for (const part of empty) assert.equal(pass[part], 0, part);
});
