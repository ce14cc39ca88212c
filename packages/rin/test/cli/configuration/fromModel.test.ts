import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { command } from '../../../src/cli/commands/train.js';
import { fromModel } from '../../../src/cli/configuration/fromModel.js';
import { readLayers, resolveConfig } from '../../../src/cli/configuration/layers.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';
import { parseConfig } from '../../../src/config/parse.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { RIN } from '../../../src/model/rin.js';
import { freshFolder, tiny } from '../../training/tiny.js';

const config = tiny({
  training: { sampleEvery: 0, keepCheckpoints: 7, logEvery: 24, learningRate: 0.25, clipNorm: 3 },
  sampling: { steps: 7, guidance: 2 },
});
const file = join(freshFolder(), 'model.safetensors');
const network = new RIN(config.model, { seed: 0 });
await saveModel(file, { config, classes: ['a', 'b'], meanSquare: 1, parameters: network.parameters() });
after(() => {
  for (const tensor of Object.values(network.parameters())) tensor.dispose();
});

/** The configuration that a command line resolves to. */
async function resolved(...args: string[]) {
  const given = parseArguments(command, ['--init', file, ...args]);
  const model = await fromModel(given);
  model?.init[Symbol.dispose]();
  return resolveConfig(readLayers(given, model?.layer));
}

test('fine-tuning takes network, recipe and sampling from the model, but nothing that belongs to its run or machine', async () => {
  const defaults = parseConfig({ model: { size: 8, patch: 4 } }, '').training;
  const { training, model, diffusion, sampling } = await resolved();
  assert.deepEqual([model, diffusion, sampling], [config.model, config.diffusion, config.sampling]);
  const { microBatch: _, ...own } = config.training;
  assert.deepEqual(training, {
    ...own,
    init: file,
    ...{ sampleEvery: '25%', logEvery: '2%', checkpointEvery: '10%' },
    ...{ keepCheckpoints: defaults.keepCheckpoints, device: 'auto', threads: 0 },
  });
});

test('flags set what the model does not give', async () => {
  const { training } = await resolved('--training.sampleEvery', '0', '--training.threads', '2', '--lr', '1e-4');
  assert.deepEqual([training.sampleEvery, training.threads, training.learningRate], [0, 2, 1e-4]);
});
