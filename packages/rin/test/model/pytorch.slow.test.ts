import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewestLatents } from '@rin/core';
import { noGrad, scope, type Tensor } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import { parseConfig } from '../../src/config/parse.js';
import { ask, assertEqualGradients, needsPython, type Question } from '../pytorch/ask.js';
import { modelOf } from './modelOf.js';
import { assertEqualOutputs, forward, tolerances, toTensor } from './reference/compare.js';
import { base, options, randomConfiguration } from './reference/configurations.js';
import { generator, randomInputs, randomParameters, values } from './reference/draws.js';
import { geometry } from './reference/geometry.js';
import { referenceInitial } from './reference/parameters.js';

// examples/pytorch/rin.py reads the model files that we write, and gives the same outputs: for each option of the network
// by itself and for random combinations, from zeros and from a previous pass, with gradients.

const parts = ['prediction', 'latents', 'interface'] as const;
const whole = (model: ModelConfig) =>
  parseConfig({ model, ...(model.selfConditioning === 'none' && { diffusion: { selfConditioningRate: 0 } }) }, 'test');

/** Latents of the two samples: all, and the fewest. */
const countsOf = (model: ModelConfig) => ({
  shape: [2],
  data: Float64Array.of(model.latents, fewestLatents(model)),
});

/** Random parameters and inputs, and weights of the outputs whose sum is differentiated, so that no path is hidden. */
function question(model: ModelConfig, seed: number): Question & { inputs: ReturnType<typeof randomInputs> } {
  const inputs = randomInputs(model, 2, seed + 1);
  const { x, gamma, condition, previous, given } = inputs;
  const shapes = {
    prediction: x.shape,
    latents: previous.latents.shape,
    interface: [2, geometry(model).tokens, model.interfaceDim],
  };
  const random = generator(seed + 2);
  return {
    ...{ task: 'forward', config: whole(model), parameters: randomParameters(model, seed), inputs },
    given: {
      ...{ x, gamma, counts: countsOf(model), ...(condition && { condition }), ...(given && { given }) },
      ...Object.fromEntries(Object.entries(previous).map(([part, state]) => [`previous.${part}`, state])),
      ...Object.fromEntries(parts.map((part) => [`weights.${part}`, values(random, shapes[part])])),
    },
  };
}

const alone = Object.entries(options).map(([name, more]) => [name, { ...base, ...more }] as const);
const combined = Array.from({ length: 16 }, (_, seed) => [`random configuration ${seed}`, seed] as const);
const questions = Object.fromEntries([
  ...alone.map(([name, model], i) => [name, question(modelOf(model), i)] as const),
  ...combined.map(([name, seed]) => [name, question(randomConfiguration(seed), seed)] as const),
]);
const starts = {
  'the initial values as published': {},
  'the initial values of every part': {
    ...{ selfConditioning: 'both+data', normalizeKeyValue: true, decoupledRead: true, conditionOn: 'interface' },
    ...{ convolutionKernel: 3, interfacePosition: 'sinCosPlusLearned', zeroReadout: true },
  },
} as const;
const initials = Object.fromEntries(
  Object.entries(starts).map(([name, more]) => {
    const model = modelOf({ ...base, latents: 40, ...more });
    return [name, { ...question(model, 1), task: 'initial' as const }] as const;
  }),
);

const answers = await ask({ ...questions, ...initials });

for (const [name, { inputs, given }] of Object.entries(questions)) {
  test(name, needsPython, () => {
    const { answer, model } = answers.get(name) ?? assert.fail();
    const { previous, ...cold } = inputs;
    for (const dtype of ['float32', 'float64'] as const) {
      const network = model.network.to(dtype);
      for (const [start, asked] of [
        ['cold', cold],
        ['warm', inputs],
        ['fewer', { ...inputs, latents: [...given.counts.data] }],
      ] as const) {
        const [prediction, latents, interfaceTokens] = parts.map((part) => answer[`${dtype}.${start}.${part}`]);
        const expected = { prediction, latents, interface: interfaceTokens };
        scope(() =>
          assertEqualOutputs(
            noGrad(() => forward(network, asked, dtype)),
            expected,
            tolerances[dtype],
          ),
        );
      }
    }
    scope(() => {
      const outputs: Record<string, Tensor> = { ...forward(model.network, inputs, 'float64') };
      const terms = parts.map((part) => outputs[part].mul(toTensor(given[`weights.${part}`], 'float64')).sum());
      terms.reduce((sum, term) => sum.add(term)).backward();
      const gradients = Object.entries(model.network.parameters()).flatMap(([key, { grad }]) =>
        grad ? [[key, grad.toTypedArray() as Float64Array] as const] : [],
      );
      // rounding alone: 1e-16, through some hundred operations
      assertEqualGradients(Object.fromEntries(gradients), answer, 1e-11);
    });
  });
}

for (const [name, { config }] of Object.entries(initials)) {
  test(`${name} are those of the authors' code`, needsPython, () => {
    const { answer, model } = answers.get(name) ?? assert.fail();
    assert.deepEqual(Object.keys(answer).sort(), Object.keys(model.network.parameters()).sort());
    for (const [key, { data }] of Object.entries(answer)) {
      const initial = referenceInitial(config.model, key);
      if (initial.kind === 'zeros' || initial.kind === 'ones') {
        const expected = initial.kind === 'ones' ? 1 : 0;
        assert.ok(
          data.every((value) => value === expected),
          key,
        );
        continue;
      }
      // A uniform number has the deviation limit/√3, a normal one cut off at two deviations 0.8796 of its own.
      const [limit, deviation] =
        initial.kind === 'uniform' ? [initial.limit, initial.limit / Math.sqrt(3)] : [0.04, 0.02 * 0.8796];
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest <= limit * (1 + 1e-6), `${key} reaches ${largest}, beyond ${limit}`);
      const found = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
      // Five standard errors: √(kurtosis − 1)/2 of 1/√count, below 0.6 for both
      const allowed = (5 * 0.6) / Math.sqrt(data.length);
      assert.ok(Math.abs(found / deviation - 1) < allowed, `${key} deviates by ${found}, expected ${deviation}`);
    }
  });
}
