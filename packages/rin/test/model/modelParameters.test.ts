import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameSample, uniforms } from '@rin/core';
import type { ModelConfig } from '../../src/config/model.js';
import { RIN } from '../../src/model/rin.js';
import { modelOf } from './modelOf.js';
import { type Initial, referenceInitial, referenceParameters } from './reference/parameters.js';

// Names, shapes and first values of the parameters against the independent table.

const variants: Record<string, Partial<ModelConfig>> = {
  'a network as it is published': {},
  'an unconditional network without self-conditioning': { classes: 0, selfConditioning: 'none', interfaceMlpRatio: 0 },
  'a network with every optional part': {
    ...{ selfConditioning: 'both+data', convolutionKernel: 3, normalizeKeyValue: true, decoupledRead: true },
    ...{ conditionOn: 'interface', interfacePosition: 'sinCosPlusLearned', latentPosition: 'sinCosPlusLearned' },
  },
  'a network that conditions on its estimate of the data alone': { selfConditioning: 'data', channels: 1 },
  'a network of sequences on clips': {
    ...{ size: [4, 8, 8], patch: [2, 2, 2], classes: 0, conditionDim: 7, conditionTokens: 2, convolutionKernel: 3 },
    ...{ timeOn: 'interfaceWritable', depth: [0, 2] },
  },
  'a network of signals with fixed positions': {
    ...{ size: [64], patch: 4, channels: 1, interfacePosition: 'sinCos', latentPosition: 'sinCos', zeroReadout: true },
  },
};

const parse = (more: Partial<ModelConfig>) =>
  modelOf({
    ...{ size: 16, patch: 2, classes: 10, latents: 16, latentDim: 64, latentHeads: 8 },
    ...{ interfaceDim: 32, interfaceMlpRatio: 2, readWriteHeads: 4, depth: [2, 1] },
    ...more,
  });

for (const [name, more] of Object.entries(variants)) {
  const config = parse(more);
  test(`${name} has the parameters that its options bring, in PyTorch's layout`, () => {
    const shapes = Object.entries(new RIN(config).parameters()).map(([key, { shape }]) => [key, shape]);
    assert.deepEqual(Object.fromEntries(shapes), referenceParameters(config));
  });

  test(`${name} starts from the authors' initialisers`, () => {
    for (const [key, parameter] of Object.entries(new RIN(config, { seed: 1 }).parameters())) {
      assert.equal(parameter.dtype, 'float32', key);
      const data = Float64Array.from(parameter.detach().to('float64').toTypedArray(), Number);
      checkInitial(key, data, referenceInitial(config, key));
    }
  });
}

/** Bounds hold exactly; mean and deviation within five standard errors (that of a deviation is below s/√N for these). */
function checkInitial(name: string, data: Float64Array, initial: Initial) {
  if (initial.kind === 'zeros' || initial.kind === 'ones') {
    const value = initial.kind === 'ones' ? 1 : 0;
    assert.ok(
      data.every((x) => x === value),
      `${name} is not all ${initial.kind}`,
    );
    return;
  }
  const uniform = initial.kind === 'uniform';
  const limit = uniform ? initial.limit : 2 * initial.std;
  // a normal cut at two deviations has 0.8796 of its deviation
  const deviation = uniform ? initial.limit / Math.sqrt(3) : 0.8796 * initial.std;
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const spread = Math.sqrt(data.reduce((a, b) => a + b * b, 0) / data.length);
  const error = (5 * deviation) / Math.sqrt(data.length);
  const largest = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.ok(largest <= limit * (1 + 1e-6), `${name} reaches ${largest}, beyond ${limit}`);
  assert.ok(Math.abs(mean) <= error, `${name} has mean ${mean}, expected 0 within ${error}`);
  assert.ok(
    Math.abs(spread - deviation) <= error,
    `${name} deviates by ${spread}, expected ${deviation} within ${error}`,
  );
}

const bytes = (seed: number) =>
  Object.entries(new RIN(parse({}), { seed }).parameters()).map(([key, value]) => [key, value.detach().toTypedArray()]);

test('first values are a function of the seed', () => {
  assert.deepEqual(bytes(1), bytes(1));
  const [one, two] = [Object.fromEntries(bytes(1)), Object.fromEntries(bytes(2))];
  for (const key of Object.keys(one).filter((key) => referenceInitial(parse({}), key).kind === 'uniform')) {
    assert.notDeepEqual(one[key], two[key], key);
  }
});

test('kernels of the same shape start from different draws', () => {
  const seen = new Map<string, string>();
  for (const [key, values] of bytes(1)) {
    if (referenceInitial(parse({}), String(key)).kind !== 'uniform') continue;
    const text = String(values);
    assert.ok(!seen.has(text), `${key} starts as ${seen.get(text)}`);
    seen.set(text, String(key));
  }
});

test('a kernel starts from the uniforms of its own name, rounded once', () => {
  const { 'readout.weight': kernel } = new RIN(parse({}), { seed: 5 }).parameters();
  const initial = referenceInitial(parse({}), 'readout.weight');
  assert.ok(initial.kind === 'uniform');
  const u = new Float64Array(kernel.size);
  uniforms(5, 'initialisation', nameSample('readout.weight'), 0, u);
  const expected = Float32Array.from(u, (value) => (2 * value - 1) * initial.limit);
  assert.deepEqual(kernel.detach().toTypedArray(), expected);
});
