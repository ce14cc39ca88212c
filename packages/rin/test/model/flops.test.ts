import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passFlops } from '../../src/model/flops.js';
import { loadPreset } from '../../src/training/presets.js';
import { modelOf } from './modelOf.js';

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
    const ratio = passFlops(model) / expected;
    assert.ok(ratio >= 1 && ratio < 1.01, `${name}: ${ratio}`);
  }
});

test('the benchmark network takes 1.201 GFLOP for a pass, as its preset says', () => {
  assert.equal((passFlops(loadPreset('benchmark').model) / 1e9).toFixed(3), '1.201');
});

test('options that change the axes, the tokens or the carried state are counted too', () => {
  const of = (over: object) => passFlops(modelOf({ ...loadPreset('emoji-64').model, ...over }));
  const flops = of({});
  assert.ok(of({ selfConditioning: 'both' }) > flops);
  // the stem reads twice as many channels: 64 patches of 8×8×3 numbers to 128 channels once more
  const { interfaceDim } = loadPreset('emoji-64').model;
  assert.equal(of({ selfConditioning: 'latents+data' }) - flops, 2 * 64 * (8 * 8 * 3) * interfaceDim);
  assert.ok(of({ selfConditioning: 'none' }) < flops);
  assert.ok(of({ convolutionKernel: 5 }) > flops);
  assert.ok(of({ size: [4, 64, 64], patch: [2, 8, 8] }) > 1.5 * flops);
  const clip = { size: [6, 64, 64], patch: [2, 8, 8], interfaceDim: 128, convolutionKernel: 0 };
  // The tokens of given frames are read and written as the others are, but not read out.
  const readout = 2 * 64 * 128 * (2 * 8 * 8 * 3);
  assert.equal(of({ ...clip, givenFrames: 2 }), of(clip) - readout);
  assert.ok(of({ timeOn: 'interface', decoupledRead: true }) > 0);
});
