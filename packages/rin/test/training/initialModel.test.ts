import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { saveModel } from '../../src/diffusion/modelFile.js';
import { RIN } from '../../src/model/rin.js';
import { checkInitialModel, openInitialModel } from '../../src/training/initialModel.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { freshFolder, samples, tiny } from './tiny.js';

const brief = { images: 16, warmup: 0, sampleEvery: 0 };

/** Writes an untrained model of the tiny configuration with changes. */
async function modelOf(over: object = {}, seed = 0): Promise<string> {
  const config = tiny(over);
  const file = join(freshFolder(), 'model.safetensors');
  const parameters = new RIN(config.model, { seed }).parameters();
  await saveModel(file, { config, classes: ['0', '1'], meanSquare: 1, parameters });
  for (const tensor of Object.values(parameters)) tensor.dispose();
  return file;
}

async function checked(theirs: object, ours: object): Promise<string[]> {
  using init = await openInitialModel(await modelOf(theirs));
  return checkInitialModel(init, tiny(ours)).map((sentence) => sentence.replace(`${init.file} `, ''));
}

test('weights that would mean something else are refused with the key, both values and the mend', async () => {
  const refused = async (ours: object, key: string, there: string, here: string, theirs: object = {}) =>
    assert.rejects(checked(theirs, ours), (error) => {
      assert.ok(error instanceof RinError);
      const said = error.message.replace(/^.*model\.safetensors: /, '');
      const mend = `use ${key} ${there}, or leave out --preset and --config to take the configuration of the file`;
      assert.equal(said, `its weights mean something else here: ${key} is ${there} there, ${here} here; ${mend}`);
      return true;
    });
  for (const prediction of ['x', 'v'])
    await refused({ diffusion: { prediction } }, 'diffusion.prediction', 'eps', prediction);
  await refused({ diffusion: { inputScale: 0.4 } }, 'diffusion.inputScale', '1', '0.4');
  await refused({ model: { latentHeads: 4 } }, 'model.latentHeads', '2', '4');
  await refused({ model: { readWriteHeads: 4 } }, 'model.readWriteHeads', '2', '4');
  await refused({ model: { timeScaling: 100 } }, 'model.timeScaling', '1000', '100');
  await refused(
    { model: { interfacePosition: 'sinCosPlusLearned' } },
    'model.interfacePosition',
    'learned',
    'sinCosPlusLearned',
  );
  await refused(
    { model: { latentPosition: 'sinCosPlusLearned' } },
    'model.latentPosition',
    'learned',
    'sinCosPlusLearned',
  );
  // Patches of 16 values, four of them, either way.
  await refused({ model: { size: [4, 16] } }, 'model.size', '[8, 8]', '[4, 16]');
  const [flat, wide] = [
    { size: [16, 4], patch: [2, 8] },
    { size: [8, 8], patch: [4, 4] },
  ];
  await assert.rejects(
    checked({ model: wide }, { model: { ...flat, size: [4, 16] } }),
    /model\.patch is \[4, 4\] there, \[2, 8\] here/,
  );
});

test('what only makes a worse start is a sentence, and what a fine-tuning may well change is none', async () => {
  assert.deepEqual(await checked({}, { diffusion: { normalizeInput: 'sample' } }), [
    'was trained with another value: diffusion.normalizeInput is none there, sample here; its weights are a worse start than with none',
  ]);
  assert.deepEqual(await checked({}, { diffusion: { schedule: { kind: 'linear' } } }), [
    'was trained with another value: diffusion.schedule is { kind: sigmoid, start: -3, end: 3, tau: 0.9 } there, { kind: linear } here; ' +
      'its weights are a worse start than with { kind: sigmoid, start: -3, end: 3, tau: 0.9 }',
  ]);
  const [learned, computed] = [{ interfacePosition: 'learned' }, { interfacePosition: 'sinCos' }];
  assert.deepEqual(await checked({ model: learned }, { model: { ...learned, dropout: 0, zeroReadout: true } }), []);
  assert.deepEqual(await checked({ model: computed }, { model: { ...computed, size: [16, 4] } }), []);
  const tuned = { seed: 3, diffusion: { loss: 'x', labelDropout: 0 }, training: { learningRate: 1e-4, batch: 4 } };
  assert.deepEqual(await checked({}, tuned), []);
});

test('training says so, in its notices and before there is a run', async () => {
  const init = await modelOf();
  const runsFolder = freshFolder();
  const said: string[] = [];
  const start = (diffusion: object) =>
    train({
      config: tiny({ diffusion, training: { ...brief, init } }),
      data: samples,
      runsFolder,
      log: (text) => said.push(text),
    });
  await assert.rejects(start({ prediction: 'v' }), /diffusion\.prediction is eps there, v here/);
  assert.deepEqual(said, []);
  await start({ normalizeInput: 'expected' });
  assert.match(said[0], /normalizeInput is none there, expected here/);
});

test('digest and weights are of one file, though another takes its name meanwhile', async () => {
  const [file, other] = [await modelOf({}, 1), await modelOf({}, 2)];
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  const opening = openInitialModel(file);
  setTimeout(() => renameSync(other, file)); // after the file was opened, while it is read
  using init = await opening;
  const expected = new RIN(tiny().model, { seed: init.digest === digest ? 1 : 2 }).parameters();
  for (const [name, tensor] of Object.entries(init.model.network.parameters()))
    assert.deepEqual(tensor.detach().toTypedArray(), expected[name].detach().toTypedArray(), name);
  for (const tensor of Object.values(expected)) tensor.dispose();
});

test('what is no model file is refused in a sentence', async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, 'model.safetensors'));
  await assert.rejects(
    openInitialModel(folder),
    (error) => error instanceof RinError && /it is a folder/.test(error.message),
  );
  await assert.rejects(openInitialModel('none'), /none: there is no such model file or run/);
  await assert.rejects(openInitialModel('/dev/zero'), /it is not a regular file/);
});
