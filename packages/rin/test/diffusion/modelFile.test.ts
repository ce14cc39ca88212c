import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RinError } from '@rin/core';
import { memory, openSafetensors, readSafetensors, type Tensor, writeSafetensors, zeros } from '@rin/torch';
import { loadModel, saveModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { configure } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { livelyNetwork } from './training.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-model-'));
after(() => rmSync(folder, { recursive: true }));

const config = configure({
  name: 'fruit',
  model: { selfConditioning: 'both', interfacePosition: 'sinCosPlusLearned' },
  diffusion: { prediction: 'v', normalizeInput: 'expected', schedule: { kind: 'cosine', tau: 0.8 } },
  sampling: { steps: 3, guidance: 1 },
});
const classes = ['apple', 'naïve "pear"', '桜'];
const network = livelyNetwork(config);
const path = join(folder, 'model.safetensors');
await saveModel(path, { config, classes, meanSquare: 0.1 + 0.2, parameters: network.parameters() });

test('a model that is loaded is the one that was saved, and makes the same pictures to the bit', async () => {
  const model = await loadModel(path);
  assert.deepEqual(model.config, config);
  assert.deepEqual(model.classes, classes);
  assert.equal(model.meanSquare, 0.1 + 0.2);
  const [found, expected] = [model.network.parameters(), network.parameters()];
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    assert.deepEqual(found[name].toTypedArray(), tensor.toTypedArray(), name);
  }
  const options = { seeds: [0, 1, 2], classes: ['桜', null, 'apple'] };
  assert.deepEqual(
    await sample(model, options),
    await sample({ config, classes, meanSquare: 0.1 + 0.2, network }, options),
  );
});

test('the file has float32 weights under the names of the parameters, and all else in its metadata', async () => {
  const file = await openSafetensors(path);
  assert.deepEqual([...file.names].sort(), Object.keys(network.parameters()).sort());
  for (const name of file.names) assert.equal(file.info(name).dtype, 'float32');
  assert.deepEqual(JSON.parse(file.metadata.config), config);
  await file.close();
});

test('loading leaves nothing behind but the network', async () => {
  const before = await settledMemory();
  const model = await loadModel(path);
  const parameters = Object.values(model.network.parameters());
  // beside the parameters, the fixed codes of time and positions
  assert.ok(memory().tensors - before.tensors - parameters.length <= 2);
});

/** Fails unless the file is refused in one line that begins with its path. */
const refused = async (file: string, message: RegExp) => {
  await assert.rejects(loadModel(file), (error) => {
    assert.ok(error instanceof RinError, `${error}`);
    assert.ok(error.message.startsWith(`${file}: `), error.message);
    assert.doesNotMatch(error.message, /\n/);
    assert.match(error.message, message);
    return true;
  });
};

const fresh = (name: string) => join(folder, name);

test('no file, a folder, another kind of file and one that was cut short are refused', async () => {
  await refused(fresh('none.safetensors'), /there is no such file/);
  await refused(folder, /folder/);
  const text = fresh('notes.txt');
  writeFileSync(text, 'these are only notes, and no tensors at all');
  await refused(text, /no safetensors file/);
  const bytes = readFileSync(path);
  for (const length of [0, 7, 100, bytes.length - 1]) {
    const cut = fresh(`cut-${length}.safetensors`);
    writeFileSync(cut, bytes.subarray(0, length));
    await refused(cut, /cut short|damaged/);
  }
});

/** A copy of the model file with other tensors or metadata. */
async function changed(
  name: string,
  change: (tensors: Record<string, Tensor>, metadata: Record<string, string>) => void,
): Promise<string> {
  const { tensors, metadata } = await readSafetensors(path);
  const copy = { tensors: { ...tensors }, metadata: { ...metadata } };
  change(copy.tensors, copy.metadata);
  await writeSafetensors(fresh(name), copy.tensors, copy.metadata);
  return fresh(name);
}

test('tensors of another program are no model', async () => {
  const foreign = fresh('foreign.safetensors');
  await writeSafetensors(foreign, { weight: zeros([2, 2]) }, { format: 'pt' });
  await refused(foreign, /not a rin model; expected a model\.safetensors that rin train wrote/);
  await writeSafetensors(foreign, { weight: zeros([2, 2]) });
  await refused(foreign, /not a rin model/);
});

test('weights that do not fit the configuration are named, with both shapes', async () => {
  await refused(
    await changed('missing', (tensors) => delete tensors['blocks.1.write.attention.q.weight']),
    /blocks\.1\.write\.attention\.q\.weight is missing/,
  );
  await refused(
    await changed('more', (tensors) => {
      tensors.extra = zeros([1]);
    }),
    /extra is no parameter/,
  );
  await refused(
    await changed('other', (tensors) => {
      tensors['readout.weight'] = zeros([3, 8]);
    }),
    /readout\.weight is \[3, 8\], but the network needs \[4, 8\]/,
  );
});

test('a configuration that asks for more than the tensors are is refused before anything is built', async () => {
  const training = { ...config.training, batch: 1 };
  const asksFor = async (model: object, message: RegExp) => {
    const file = await changed('hostile', (_, metadata) => {
      metadata.config = JSON.stringify({ ...config, training, model: { ...config.model, ...model } });
    });
    const began = performance.now();
    await refused(file, message);
    assert.ok(performance.now() - began < 2000);
  };
  const { depth } = config.model;
  await asksFor({ depth: [...depth, 1] }, /its configuration has \d blocks, but its tensors belong to \d/);
  await asksFor({ depth: depth.slice(1) }, /blocks, but its tensors belong to/);
  await asksFor({ depth: [900, ...depth.slice(1)] }, /block 0 has 900 compute layers in its configuration, but \d in/);
  await asksFor({ size: 2000 }, /interface_position is \[\d+, 8\], but its configuration needs \[\d+, 8\]/);
  await asksFor(
    { size: 8000, interfacePosition: 'sinCos' },
    /position code of its \d+×\d+ interface tokens has more numbers than/,
  );
  await asksFor({ latents: 1_000_000 }, /latents is \[\d+, \d+\], but its configuration needs/);
  await asksFor({ selfConditioning: 'data' }, /stem\.weight is \[8, 4\], but its configuration needs \[8, 8\]/);
  await asksFor({ interfaceDim: 800_000 }, /stem\.weight is \[8, 4\], but its configuration needs \[800000, 4\]/);
  await asksFor({ latentDim: 800_000 }, /blocks\.0\.read\.norm\.weight is \[\d+\], but its configuration needs/);
});

test('damaged metadata is refused, not guessed at', async () => {
  const damaged = async (key: string, text: string | undefined, message: RegExp) =>
    refused(
      await changed(`metadata-${key}`, (_, metadata) => {
        if (text === undefined) delete metadata[key];
        else metadata[key] = text;
      }),
      message,
    );
  await damaged('config', undefined, /metadata is damaged/);
  await damaged('config', '{"model":', /metadata is damaged/);
  await damaged(
    'config',
    JSON.stringify({ ...config, model: { ...config.model, latents: -1 } }),
    /model\.latents is -1/,
  );
  await damaged('config', '5', /found 5/);
  for (const text of [undefined, 'x', '{}', '[1]']) await damaged('classes', text, /metadata is damaged/);
  for (const text of [undefined, 'x', '0', '-1']) await damaged('meanSquare', text, /metadata is damaged/);
});

test('a model that is refused leaves the memory as it was', async () => {
  const bad = await changed('bad', (tensors) => {
    tensors['readout.weight'] = zeros([3, 8]);
  });
  const foreign = fresh('foreign2.safetensors');
  copyFileSync(bad, foreign);
  await writeSafetensors(foreign, { weight: zeros([2, 2]) }, { format: 'pt' });
  const before = await settledMemory();
  await refused(foreign, /not a rin model/);
  assert.deepEqual(memory(), before);
});
