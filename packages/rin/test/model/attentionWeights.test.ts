import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geometry } from '@rin/core';
import { initialise, noGrad, Recomputation, scope, type Tensor, tensor } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import { Attention } from '../../src/model/attention.js';
import type { AttentionWeights } from '../../src/model/attentionWeights.js';
import type { RIN } from '../../src/model/rin.js';
import { modelOf } from './modelOf.js';
import { network, type Precision, tolerances, toTensor } from './reference/compare.js';
import { base, options, randomConfiguration } from './reference/configurations.js';
import { type Inputs, randomInputs, randomParameters } from './reference/draws.js';
import { referenceForward } from './reference/forward.js';
import { nearAll } from './reference/near.js';

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);

/** What a pass hands out, with the weights as numbers. */
interface Seen extends Omit<AttentionWeights, 'weights' | 'used'> {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly dtype: string;
}

/** The prediction and the attentions of a pass. */
function look(
  rin: RIN,
  { x, gamma, condition, given, previous }: Inputs,
  dtype: Precision,
  { latents, watched = true }: { latents?: readonly number[]; watched?: boolean } = {},
) {
  const optional = (values: Parameters<typeof toTensor>[0] | undefined) => values && toTensor(values, dtype);
  const seen: Seen[] = [];
  const onAttention = ({ weights, used, ...found }: AttentionWeights) => {
    const w = weights();
    seen.push({ ...found, shape: w.shape, data: numbers(w), dtype: w.dtype });
    w.dispose();
    assert.equal(used === null, latents === undefined || new Set(latents).size === 1);
  };
  const { prediction } = noGrad(() =>
    rin.forward(toTensor(x, dtype), toTensor(gamma, dtype), {
      ...{ condition: optional(condition), given: optional(given), ...(latents && { latents }) },
      previous: {
        latents: toTensor(previous.latents, dtype),
        interface: toTensor(previous.interface, dtype),
        data: toTensor(previous.data, dtype),
      },
      ...(watched && { onAttention }),
    }),
  );
  return { prediction: numbers(prediction), seen };
}

/** The weights of the float64 recomputation, by name, sample, query and head. */
function expectedOf(config: ModelConfig, seed: number, latents?: readonly number[]) {
  const parameters = randomParameters(config, seed);
  const { x, gamma, condition, previous, given } = randomInputs(config, 2, seed + 1);
  const found = new Map<string, readonly number[]>();
  referenceForward(config, parameters, x, gamma.data, condition, previous, given, latents, (sample, ...at) => {
    const [name, query, head, weights] = at;
    found.set(`${name} ${sample} ${query} ${head}`, weights);
  });
  return found;
}

const nameOf = ({ block, kind }: Pick<Seen, 'block' | 'kind'>) =>
  `blocks.${block}.${kind === 'conditionRead' ? 'condition_read' : kind}.attention`;

/** Fails unless a pass hands out the weights of the recomputation, all of them and no others. */
function compareWeights(config: ModelConfig, seed: number) {
  const expected = expectedOf(config, seed);
  const inputs = randomInputs(config, 2, seed + 1);
  for (const dtype of ['float64', 'float32'] as const) {
    const rin = network(config, randomParameters(config, seed), dtype);
    const { prediction, seen } = look(rin, inputs, dtype);
    assert.deepEqual(look(rin, inputs, dtype, { watched: false }).prediction, prediction, 'the pass changed');
    let rows = 0;
    for (const found of seen) {
      const [batch, heads, queries, keys] = found.shape;
      assert.equal(found.dtype, dtype);
      const { patches, given, writable, readOnly } = found.tokens;
      const latents = found.latents.learned + found.latents.others;
      assert.equal(latents, config.latents);
      const tokens = patches + given + writable + readOnly;
      assert.deepEqual([queries, keys], found.kind === 'write' ? [tokens, latents] : [latents, tokens]);
      if (found.kind !== 'conditionRead') {
        const { predicted, given: part } = geometry(config);
        assert.deepEqual([patches, given], [predicted.tokens, part?.tokens ?? 0]);
      }
      for (let row = 0; row < batch * heads * queries; row++) {
        const [sample, head, query] = [
          Math.floor(row / heads / queries),
          Math.floor(row / queries) % heads,
          row % queries,
        ];
        const weights = found.data.slice(row * keys, (row + 1) * keys);
        const name = `${nameOf(found)} ${sample} ${query} ${head}`;
        nearAll(weights, expected.get(name) ?? assert.fail(name), tolerances[dtype], name);
        const sum = weights.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - 1) < tolerances[dtype], `${name} sums to ${sum}`);
        rows++;
      }
    }
    assert.equal(rows, expected.size, 'not all weights were handed out');
  }
}

/** The options that change which tokens there are, or how they attend. */
const ofAttention =
  /^(as it is|size|givenFrames|timeOn|conditionOn|decoupledRead|normalizeKeyValue|readWrite|latentDim|depth)/;

for (const [index, [name, more]] of Object.entries(options).entries())
  if (ofAttention.test(name))
    test(`weights are those of the float64 recomputation: ${name}`, () =>
      compareWeights(modelOf({ ...base, ...more }), index));

test('weights are those of the float64 recomputation: random combinations', () => {
  for (let seed = 0; seed < 8; seed++) compareWeights(randomConfiguration(seed), 100 + seed);
});

test('of samples with different numbers of latents, those left out get no weight of a write', () => {
  const config = modelOf({ ...base, selfConditioning: 'none' });
  const latents = [6, 4];
  const expected = expectedOf(config, 1, latents);
  const rin = network(config, randomParameters(config, 1), 'float64');
  const { seen } = look(rin, randomInputs(config, 2, 2), 'float64', { latents });
  const places = [0, 1, 4, 5]; // of sample 1: two learned latents, time and class
  for (const found of seen.filter(({ kind }) => kind === 'write')) {
    const [, heads, queries, keys] = found.shape;
    for (let query = 0; query < queries; query++) {
      const row = found.data.slice((heads * queries + query) * keys, (heads * queries + query + 1) * keys);
      assert.deepEqual([row[2], row[3]], [0, 0]);
      nearAll(
        places.map((place) => row[place]),
        expected.get(`${nameOf(found)} 1 ${query} 0`) ?? assert.fail(),
        1e-12,
      );
    }
  }
});

test('weights times values, projected, are the output of the attention itself', () => {
  const attention = new Attention(16, 12, 8, 2);
  initialise(attention, 1);
  const random = (shape: number[], seed: number) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 1.7 * i)),
      shape,
    );
  const mask = tensor(Uint8Array.from([1, 1, 0, 1, 1, 1, 1, 1, 1, 0]), [2, 1, 1, 5]).to('bool');
  for (const seen of [null, mask])
    for (const dtype of ['float32', 'bfloat16'] as const)
      scope(() =>
        noGrad(() => {
          const [x, context] = [random([2, 3, 16], 1), random([2, 5, 12], 2)].map((each) => each.to(dtype));
          let weights: Tensor | undefined;
          const output = attention.cross(
            x,
            context,
            {
              training: false,
              look: (found) => {
                weights = found();
              },
            },
            seen,
          );
          const w = weights ?? assert.fail();
          assert.equal(w.dtype, 'float32');
          const v = attention.v.forward(context).float().reshape([2, 5, 2, 4]).transpose(1, 2);
          const made = attention.out.forward(w.matmul(v).transpose(1, 2).flatten(2));
          // bfloat16 has 8 digits of two, and the products of the pass are rounded to it
          nearAll(numbers(made), numbers(output.float()), dtype === 'float32' ? 1e-6 : 0.02);
        }),
      );
});

test('compute layers hand out nothing, and a pass that is computed again cannot be watched', () => {
  const config = modelOf({ ...base, depth: [2, 0] });
  const rin = network(config, randomParameters(config, 1), 'float32');
  const inputs = randomInputs(config, 1, 2);
  const { seen } = look(rin, inputs, 'float32');
  assert.deepEqual(
    seen.map(({ block, kind }) => `${block} ${kind}`),
    ['0 read', '0 write', '1 read'],
  );
  const recompute = new Recomputation();
  assert.throws(
    () => rin.forward(toTensor(inputs.x, 'float32'), [0.5], { recompute, onAttention: () => {} }),
    /^RinError: onAttention does not go with recompute, which runs the blocks twice; leave one of them out$/,
  );
});
