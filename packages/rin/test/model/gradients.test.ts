import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelConfig } from '../../src/config/model.js';
import type { RIN } from '../../src/model/rin.js';
import { modelOf } from './modelOf.js';
import { forward, network, type Precision, toTensor } from './reference/compare.js';
import { generator, type Inputs, randomInputs, randomParameters, values } from './reference/draws.js';
import { type Outputs, referenceForward } from './reference/forward.js';
import type { Values } from './reference/values.js';

// backward() against central differences of the independent float64 forward pass, for a few entries of every parameter.

const tiny = {
  size: 4,
  patch: 2,
  channels: 1,
  classes: 2,
  latents: 4,
  latentDim: 16,
  latentHeads: 2,
  latentMlpRatio: 1,
};
const narrow = { interfaceDim: 8, interfaceMlpRatio: 1, readWriteHeads: 2, depth: [1, 1] };
const configs: Record<string, Partial<ModelConfig>> = {
  'as it is published': {},
  'with self-conditioning on the interface': { selfConditioning: 'interface' },
  'with self-conditioning on the data': { selfConditioning: 'data' },
  'with self-conditioning on latents and data': { selfConditioning: 'latents+data' },
  'of a clip with given frames': {
    ...{ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2, classes: 0, selfConditioning: 'both+data' },
  },
  'with every optional part': {
    ...{ selfConditioning: 'both+data', convolutionKernel: 3, normalizeKeyValue: true, decoupledRead: true },
    ...{ conditionOn: 'interface', interfacePosition: 'sinCosPlusLearned', latentPosition: 'sinCosPlusLearned' },
  },
};

const parts = ['prediction', 'latents', 'interface'] as const;

/**
 * Relative to the largest gradient of a parameter, or to 0.01 where it is smaller (a bias of keys has none). Differences
 * of step 1e-5 are off by some 1e-9; float32 loses three of its seven digits on the way back.
 */
const tolerances: Record<Precision, number> = { float64: 1e-6, float32: 1e-3 };

for (const [name, more] of Object.entries(configs)) {
  test(`gradients agree with finite differences, ${name}`, () => {
    const config = modelOf({ ...tiny, ...narrow, ...more });
    const parameters = randomParameters(config, 1);
    const inputs = randomInputs(config, 2, 2);
    const { x, gamma, condition, previous, given } = inputs;
    const evaluate = () => referenceForward(config, parameters, x, gamma.data, condition, previous, given);
    // every output is weighed at random, so that no path can hide behind another
    const weights = outputWeights(evaluate());
    const loss = () => {
      const outputs = evaluate();
      return parts.reduce((sum, part) => sum + dot(outputs[part].data, weights[part].data), 0);
    };
    const gradients = {
      float64: backward(network(config, parameters, 'float64'), inputs, weights, 'float64'),
      float32: backward(network(config, parameters, 'float32'), inputs, weights, 'float32'),
    };

    const random = generator(3);
    for (const [key, { data }] of Object.entries(parameters)) {
      for (const entry of entries(random, data.length, 3)) {
        const difference = slope(loss, data, entry);
        for (const dtype of ['float64', 'float32'] as const) {
          const gradient = gradients[dtype][key];
          const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
          const error = Math.abs(gradient[entry] - difference) / scale;
          const place = `${key}[${entry}] has ${dtype} gradient ${gradient[entry]}, by differences ${difference}`;
          assert.ok(error <= tolerances[dtype], `${place}: off by ${error} of the largest`);
        }
      }
    }
  });
}

type Weights = Record<(typeof parts)[number], Values>;

/** Gradient of the weighed outputs by every parameter. */
function backward(rin: RIN, inputs: Inputs, weights: Weights, dtype: Precision): Record<string, Float64Array> {
  const parameters = rin.parameters();
  for (const parameter of Object.values(parameters)) parameter.requiresGrad = true;
  const outputs = forward(rin, inputs, dtype);
  const terms = parts.map((part) => outputs[part].mul(toTensor(weights[part], dtype)).sum());
  terms.reduce((sum, term) => sum.add(term)).backward();
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { grad, shape }]) => {
      assert.deepEqual(grad?.shape, shape, `gradient of ${name}`);
      return [name, Float64Array.from(grad?.to('float64').toTypedArray() ?? [], Number)];
    }),
  );
}

function outputWeights(outputs: Outputs): Weights {
  const random = generator(4);
  const like = ({ shape }: Values) => values(random, shape);
  return {
    prediction: like(outputs.prediction),
    latents: like(outputs.latents),
    interface: like(outputs.interface),
  };
}

const step = 1e-5;

/** Central difference of the loss along one entry. */
function slope(loss: () => number, data: Float64Array, entry: number): number {
  const kept = data[entry];
  data[entry] = kept + step;
  const above = loss();
  data[entry] = kept - step;
  const below = loss();
  data[entry] = kept;
  return (above - below) / (2 * step);
}

function entries(random: () => number, length: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, () => Math.floor(random() * length)))];
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
