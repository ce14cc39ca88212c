import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfConditionings } from '@rin/core';
import type { ModelConfig } from '../../src/config/model.js';
import { modelOf } from './modelOf.js';
import { assertAgrees, compare, network, toTensor } from './reference/compare.js';
import { base, options, randomConfiguration } from './reference/configurations.js';
import { randomInputs, randomParameters } from './reference/draws.js';
import { referenceForward } from './reference/forward.js';
import { nearAll } from './reference/near.js';

// The forward pass against an independent float64 recomputation, in float64 and float32 (tolerances: reference/compare.ts):
// one test for each option, then random combinations.

for (const [index, [name, more]] of Object.entries(options).entries()) {
  const config = modelOf({ ...base, ...more });
  test(name, () => compare(config, index));
}

test('one of previous latents, interface and data may be given alone; the others are zeros', () => {
  const config = modelOf({ ...base, selfConditioning: 'both+data' });
  const { previous, ...inputs } = randomInputs(config, 2, 2);
  for (const part of ['latents', 'interface', 'data'] as const) {
    assertAgrees(config, randomParameters(config, 1), { ...inputs, previous: { [part]: previous[part] } });
  }
});

test('a label multiplied by zero is the projection of nothing: its bias', () => {
  const config = modelOf(base);
  const condition = { shape: [2, 3], data: new Float64Array(6) };
  assertAgrees(config, randomParameters(config, 3), { ...randomInputs(config, 2, 4), condition });
});

test('an estimate is what a pass from zeros leaves to be carried, without gradient', () => {
  const kinds = selfConditionings.flatMap((kind) => [[kind, [1, 2]] as const, [kind, [1, 0]] as const]);
  for (const [selfConditioning, depth] of kinds) {
    const config = modelOf({ ...base, selfConditioning, depth });
    const parameters = randomParameters(config, 5);
    const { x, gamma, condition } = randomInputs(config, 2, 6);
    const expected = referenceForward(config, parameters, x, gamma.data, condition);
    const estimate = network(config, parameters, 'float64').warmUp(toTensor(x, 'float64'), toTensor(gamma, 'float64'), {
      condition: condition && toTensor(condition, 'float64'),
    });
    for (const [part, mark] of [
      ['latents', /latents|both/],
      ['interface', /interface|both/],
      ['prediction', /data/], // from which the caller computes the estimate of the data
    ] as const) {
      const carried = estimate[part];
      assert.equal(carried !== undefined, mark.test(selfConditioning), `${selfConditioning}: ${part}`);
      if (!carried) continue;
      assert.equal(carried.requiresGrad, false);
      nearAll(Array.from(carried.toTypedArray(), Number), expected[part].data, 1e-11, part);
    }
  }
});

for (let seed = 0; seed < 16; seed++) {
  const config = randomConfiguration(seed);
  test(`random configuration ${seed}: ${JSON.stringify(config)}`, () => compare(config, seed));
}

test('the random configurations reach every value of every option', () => {
  const configs = Array.from({ length: 16 }, (_, seed) => randomConfiguration(seed));
  const reached = (key: keyof ModelConfig) => new Set(configs.map((config) => JSON.stringify(config[key]))).size;
  for (const key of ['interfacePosition', 'latentPosition', 'timeOn', 'conditionOn', 'convolutionKernel'] as const) {
    assert.equal(reached(key), 3, key);
  }
  assert.equal(reached('selfConditioning'), 8);
  assert.equal(reached('size'), 5);
  assert.equal(reached('givenFrames'), 2);
  assert.equal(reached('decoupledRead') + reached('normalizeKeyValue'), 4);
});
