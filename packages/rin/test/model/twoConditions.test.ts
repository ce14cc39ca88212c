import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewestLatents } from '@rin/core';
import { cat, noGrad, type Tensor } from '@rin/torch';
import { modelOf } from './modelOf.js';
import { network, toTensor } from './reference/compare.js';
import { base, options } from './reference/configurations.js';
import { randomInputs, randomParameters } from './reference/draws.js';
import { nearAll } from './reference/near.js';
import type { Values } from './reference/values.js';

const values = (tensor: Tensor): number[] => Array.from(tensor.toTypedArray(), Number);

test('a pass with two conditions for each sample is that of two passes, for every option', () => {
  let count = 0;
  for (const [name, over] of Object.entries({ ...options, 'both carried': { selfConditioning: 'both' as const } })) {
    const config = modelOf({ ...base, ...over });
    if (config.classes + config.conditionDim === 0) continue;
    count++;
    const rin = network(config, randomParameters(config, 1), 'float32');
    const one = randomInputs(config, 2, 2);
    const given = (each: Values | undefined) => each && toTensor(each, 'float32');
    const { latents, interface: tokens, data } = one.previous;
    const inputs = {
      given: given(one.given),
      previous: { latents: given(latents), interface: given(tokens), data: given(data) },
      latents: [config.latents, fewestLatents(config)],
    };
    const a = given(one.condition) as Tensor;
    const b = a.mul(-2).add(1);
    const pass = (condition: Tensor) =>
      noGrad(() => rin.forward(toTensor(one.x, 'float32'), toTensor(one.gamma, 'float32'), { ...inputs, condition }));
    const [both, first, second] = [pass(cat([a, b])), pass(a), pass(b)];
    for (const part of ['prediction', 'latents', 'interface'] as const)
      nearAll(values(both[part]), [...values(first[part]), ...values(second[part])], 1e-4, `${name}: ${part}`);
    assert.notDeepEqual(values(first.prediction), values(second.prediction), name);
  }
  assert.ok(count > 30, `${count} networks`);
});
