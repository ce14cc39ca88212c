import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeList } from '@rin/core';
import { memory, Recomputation, scope } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { mergeConfig, parseConfig } from '../../src/config/parse.js';
import { fewestTrained } from '../../src/diffusion/latentDrop.js';
import { trainingLoss } from '../../src/diffusion/objective.js';
import type { RIN } from '../../src/model/rin.js';
import { batchOf, drawOf, livelyNetwork, takeGradients } from '../diffusion/training.js';
import { base, options } from './reference/configurations.js';

/** The configuration of a network with an option, whose passes draw dropout of all kinds. */
function configOf(option: object) {
  const drops = { dropout: 0.2, dropPath: 0.3, attentionDropout: 0.1 };
  const model = mergeConfig({ ...base, ...drops }, option) as { selfConditioning?: string; conditionDim?: number };
  const rate = model.selfConditioning === 'none' ? 0 : 0.7;
  return parseConfig({ model, diffusion: { selfConditioningRate: rate, labelDropout: 0.2 } } as unknown, 'test');
}

/** Loss and gradients of a network, by name, and the bytes that the pass kept: without and with recomputation. */
function both(option: object, dtype: 'float32' | 'bfloat16' = 'float32', latentDrop = 0) {
  const config = configOf(option);
  const rin = livelyNetwork(config);
  for (const parameter of Object.values(rin.parameters())) parameter.requiresGrad = true;
  return [false, true].map((recompute) => learn(rin, config, dtype, recompute, latentDrop));
}

function learn(rin: RIN, config: Config, dtype: 'float32' | 'bfloat16', recompute: boolean, latentDrop: number) {
  const { model } = config;
  const length = sizeList(model.size).reduce((product, extent) => product * extent, model.channels);
  const batch = batchOf(4, length);
  batch.labels.forEach((label, i) => {
    batch.labels[i] = model.classes > 0 ? Math.min(label, model.classes - 1) : -1;
  });
  const before = memory().bytes;
  const [loss, kept] = scope(() => {
    const recomputation = recompute ? new Recomputation() : undefined;
    const draw = drawOf({ total: 4, dtype, fewestLatents: fewestTrained(model, latentDrop) });
    const made = trainingLoss(rin, config.diffusion, batch, draw, recomputation);
    const bytes = memory().bytes - before;
    if (recomputation) recomputation.backward(made);
    else made.backward();
    return [made.item(), bytes];
  });
  return { learned: { loss, gradients: takeGradients(rin) }, kept };
}

const bfloat16 = ['as it is published', 'selfConditioning: both', 'convolutionKernel leaves writable tokens alone'];

for (const [name, option] of Object.entries(options))
  test(`blocks that are computed again have the same gradients, bit for bit: ${name}`, () => {
    for (const dtype of bfloat16.includes(name) ? (['float32', 'bfloat16'] as const) : (['float32'] as const)) {
      const [plain, again] = both(option, dtype);
      assert.ok(Object.keys(plain.learned.gradients).length > 20);
      assert.deepEqual(again.learned, plain.learned, dtype);
    }
  });

test('with latents left out too', () => {
  for (const selfConditioning of ['latents', 'both+data'] as const) {
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const [plain, again] = both({ selfConditioning, latents: 10 }, dtype, 1);
      assert.deepEqual(again.learned, plain.learned);
      assert.notDeepEqual(plain.learned, both({ selfConditioning, latents: 10 }, dtype)[0].learned);
    }
  }
});

test('between the blocks only their tokens are kept', () => {
  const [plain, again] = both({ depth: [2, 2, 2, 2, 2, 2], size: 16 });
  assert.ok(again.kept < plain.kept / 4, `${again.kept} and ${plain.kept} bytes`);
});
