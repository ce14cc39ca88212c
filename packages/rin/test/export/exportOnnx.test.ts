import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noGrad, openSafetensors, type Tensor } from '@rin/torch';
import { loadModel, type Model, saveModel } from '../../src/diffusion/modelFile.js';
import { checkOnnx } from '../../src/export/checkOnnx.js';
import { exportOnnx } from '../../src/export/exportOnnx.js';
import type { ForwardOptions, SignalLevels } from '../../src/model/pass.js';
import { RIN } from '../../src/model/rin.js';
import { modelOf } from '../model/modelOf.js';
import { base } from '../model/reference/configurations.js';
import { freshFolder } from '../training/tiny.js';
import { assertSamePass, exported, modelWith } from './exporting.js';

const folder = freshFolder();
const model = modelWith(modelOf(base));
const [path, opened] = ['model.onnx', 'opened.onnx'].map((name) => join(folder, name));
const written = await exportOnnx(model, path);
const wrong = (message: RegExp) => ({ name: 'RinError', message });

test('a graph gives the numbers of libtorch for any batch, after an earlier step and at the first one', async () => {
  const session = await exported(model, opened);
  for (const batch of [1, 2, 5]) await assertSamePass(model, session, batch);
  await assertSamePass(model, session, 2, true);
  await session.close();
});

test('a clip with everything: given frames, padding, a convolution with group norm, data that are carried', async () => {
  const clips = modelWith(
    modelOf({
      ...base,
      ...{ size: [5, 4, 4], patch: [2, 2, 2], givenFrames: 2, convolutionKernel: 3, selfConditioning: 'both+data' },
      ...{ timeOn: 'interface', interfacePosition: 'sinCosPlusLearned', decoupledRead: true, normalizeKeyValue: true },
    }),
  );
  const session = await exported(clips, opened);
  assert.deepEqual([...session.inputs].sort(), [
    'code',
    'condition',
    'given',
    'previous_data',
    'previous_interface',
    'previous_latents',
    'x',
  ]);
  for (const batch of [1, 3]) await assertSamePass(clips, session, batch);
  await session.close();
});

test('the reads are the attention of the latents to the patches, averaged over heads', async () => {
  const looking = modelWith(modelOf({ ...base, timeOn: 'interface', conditionOn: 'interfaceWritable', depth: [0, 1] }));
  const session = await exported(looking, opened, { reads: true });
  assert.deepEqual(session.outputs, ['prediction', 'latents', 'read_0', 'read_1']);
  await assertSamePass(looking, session, 2);
  await session.close();
});

test('the same model gives the same bytes, and the model file lies in the metadata', async () => {
  const again = join(folder, 'again.onnx');
  assert.deepEqual(await exportOnnx(model, again), written);
  const bytes = readFileSync(path);
  assert.ok(bytes.equals(readFileSync(again)));
  assert.equal(written.bytes, bytes.length);
  const saved = join(folder, 'model.safetensors');
  await saveModel(saved, { ...model, parameters: model.network.parameters() });
  const file = await openSafetensors(saved);
  assert.ok(bytes.includes(JSON.stringify(file.metadata)));
  await file.close();
});

test('weights are stored in float16 where it holds them exactly, and all are if that is asked for', async () => {
  assert.equal(written.float16, 0);
  const saved = join(folder, 'half.safetensors');
  await saveModel(saved, { ...model, parameters: model.network.parameters() }, { dtype: 'float16' });
  const half = await loadModel(saved);
  const rounded = join(folder, 'rounded.onnx');
  const asked = await exportOnnx(model, rounded, { dtype: 'float16' });
  const kept = join(folder, 'half.onnx');
  const exact = await exportOnnx(half, kept);
  assert.ok(asked.bytes < 0.65 * written.bytes);
  assert.equal(asked.float16 + asked.float32, written.float32);
  const largest = (weights: Model) => {
    const [all, others] = [model, weights].map(({ network }) => Object.values(network.parameters()));
    const large = all.flatMap((each, i) => (each.size >= 64 ? [each.sub(others[i]).abs().max().item()] : []));
    return Math.max(...large);
  };
  assert.equal(asked.largestError, largest(half));
  assert.equal(exact.largestError, 0);
  assert.ok(exact.float16 > 0.99 * asked.float16, 'only sums of weights are no longer exact');
  for (const difference of Object.values(await checkOnnx(half, kept))) assert.ok(difference < 1e-5);
  for (const difference of Object.values(await checkOnnx(model, rounded)))
    assert.ok(difference > 1e-5 && difference < 1e-2, `${difference}`);
});

test('what the exporter cannot write is refused by name', async () => {
  class Strange extends RIN {
    override forward(x: Tensor, gamma: SignalLevels, options: ForwardOptions) {
      const output = super.forward(x, gamma, options);
      return { ...output, prediction: this.change(output.prediction) };
    }
    change = (prediction: Tensor) => prediction.sin();
  }
  const network = new Strange(model.config.model);
  const strange = { ...model, network };
  const refused = (change: Strange['change'], message: RegExp) => {
    network.change = change;
    return assert.rejects(exportOnnx(strange, path), wrong(message));
  };
  await refused((y) => y.sin(), /^this network cannot be written as ONNX: rin does not know aten::sin$/);
  await refused((y) => y.add(y, { alpha: 2 }), /aten::add\.Tensor with alpha 2$/);
  await refused((y) => y.narrow(0, 0, 1), /cuts the batch/);
  await refused((y) => y.to('float64'), /aten::to\.dtype with dtype "float64"$/);
  await refused(() => network.readout.weight, /its output prediction is no result of its own$/);
  noGrad(() => network.stem.weight.fill_(1e6));
  await assert.rejects(
    exportOnnx({ ...model, network }, path, { dtype: 'float16' }),
    wrong(/^stem\.weight\.transposed has numbers that float16 cannot hold; leave out --dtype float16$/),
  );
});

test('a file that is no graph, or is not there, gets one sentence', async () => {
  const text = join(folder, 'text.onnx');
  writeFileSync(text, 'nothing');
  await assert.rejects(checkOnnx(model, text), wrong(/^onnxruntime-web cannot open the graph: /));
  await assert.rejects(checkOnnx(model, join(folder, 'none.onnx')), wrong(/^cannot read .*none\.onnx: /));
  const other = modelWith(modelOf({ ...base, latents: 7 }));
  await assert.rejects(checkOnnx(other, path), wrong(/^onnxruntime-web cannot compute the graph: .*previous_latents/));
  const without = modelWith(modelOf({ ...base, selfConditioning: 'none' }));
  await assert.rejects(
    checkOnnx(without, path),
    wrong(/^onnxruntime-web cannot compute the graph: .*previous_latents/),
  );
  await exportOnnx(without, opened);
  await assert.rejects(checkOnnx(model, opened), wrong(/^onnxruntime-web cannot compute the graph: /));
  mkdirSync(join(folder, 'folder.onnx'));
  await assert.rejects(exportOnnx(model, join(folder, 'folder.onnx')), wrong(/^cannot write .*folder\.onnx: /));
});
