import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import type { Config } from '../../src/config/config.js';
import { mergeConfig, parseConfig } from '../../src/config/parse.js';
import type { ModelChanges, TrainingChanges } from '../../src/config/types.js';
import { fromYaml } from '../../src/config/yaml.js';
import { openDataset } from '../../src/data/open.js';
import { datasetFromSamples } from '../../src/data/samples.js';
import { readRun } from '../../src/runs/summary.js';
import type { DataInput } from '../../src/training/openData.js';
import { loadPreset } from '../../src/training/presets.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { folderOf } from '../data/fixtures.js';
import { freshFolder } from './tiny.js';

const training: TrainingChanges = {
  ...{ images: 8, batch: 8, warmup: 0, sampleEvery: 0, device: 'cpu', precision: 'float32', threads: 1 },
};
const small = { size: 8, patch: 4, latents: 6, latentDim: 16, latentHeads: 2, interfaceDim: 16, depth: [1] };

/** A preset of 7 classes. */
const preset = (model: ModelChanges = {}) => loadPreset('emoji-64', { model: { ...small, ...model }, training });

const folder = await folderOf({
  'a/1.png': [200, 0, 0],
  'b/1.png': [0, 200, 0],
  'c/1.png': [0, 0, 200],
});
const alone = join(folder, 'a');

/** Nine pictures, each of a class of its own, or all of one class. */
const samples = (classes: number) =>
  Array.from({ length: 9 }, (_, i) => ({ pixels: new Uint8Array(192).fill(20 * i), label: `class ${i % classes}` }));

/** The classes of the network that was trained, and what was said about them. */
async function trained(config: Config, data: DataInput) {
  const said: string[] = [];
  const { run, finished } = await train({ config, data, runsFolder: freshFolder(), log: (text) => said.push(text) });
  assert.ok(run && finished);
  const { model } = fromYaml(readFileSync(join(run, 'config.yaml'), 'utf8'), run) as Config;
  return [model.classes, ...said.filter((text) => text.startsWith('model.classes'))];
}

test('a preset takes the number of classes from the data: from a folder, a data set, an array or a generator', async () => {
  const nine = samples(9);
  const names = `class 0, class 1, class 2, class 3, class 4, class 5, class 6, class 7, …`;
  const said = `model.classes is 9, from the data: ${names}`;
  assert.deepEqual(await trained(preset(), nine), [9, said]);
  async function* one() {
    yield* nine;
  }
  assert.deepEqual(await trained(preset(), one()), [9, said]);
  assert.deepEqual(await trained(preset(), await datasetFromSamples(nine, [3, 8, 8])), [9, said]);
  assert.deepEqual(await trained(preset(), folder), [3, 'model.classes is 3, from the data: a, b, c']);
  const opened = await openDataset(folder, { size: 8, channels: 3, data: preset().data });
  assert.deepEqual(await trained(preset(), opened), [3, 'model.classes is 3, from the data: a, b, c']);
  opened.close();
});

test('the configuration of a run names the source that a program trained on, not that of the preset', async () => {
  assert.equal(preset().source, 'emoji');
  for (const [data, expected] of [
    [folder, folder],
    [samples(3), undefined],
  ] as const) {
    const { run } = await train({ config: preset(), data, runsFolder: freshFolder() });
    assert.ok(run);
    assert.equal((await readRun(run)).config.source, expected);
  }
});

test('mergeConfig leaves the number of classes to the data, unless it is named', async () => {
  const merged = (over: object) => parseConfig(mergeConfig(preset(), over), 'merged');
  assert.equal((await trained(merged({ model: { depth: [2] } }), folder))[0], 3);
  assert.deepEqual(await trained(merged({ model: { classes: 0 } }), folder), [0]);
});

test('a single class, and none, make a network without classes', async () => {
  assert.deepEqual(await trained(preset(), alone), [0, 'model.classes is 0, from the data']);
  assert.deepEqual(await trained(preset(), samples(1)), [0, 'model.classes is 0, from the data']);
});

test('a configuration that a program writes without classes takes them from the data; its own number stays', async () => {
  const own = (model: ModelChanges) =>
    parseConfig({ model: { ...small, readWriteHeads: 2, ...model }, training }, 'mine');
  assert.deepEqual((await trained(own({}), samples(4)))[0], 4);
  assert.deepEqual(await trained(own({ classes: 0 }), samples(4)), [0]);
  assert.deepEqual(await trained(preset({ classes: 0 }), folder), [0]);
  assert.deepEqual(await trained(preset({ classes: 3 }), folder), [3]);
});

test('a number that the program names and the data contradict is refused, also in a copy', async () => {
  for (const config of [preset({ classes: 7 }), structuredClone(preset())])
    await assert.rejects(
      train({ config, data: folder, runsFolder: freshFolder() }),
      (error) =>
        error instanceof RinError &&
        error.message.endsWith('it has 3 classes (a, b, c), but model.classes is 7; set it to 3, or leave it out'),
    );
});

test('an aborted signal ends the search for classes', async () => {
  const stop = AbortSignal.abort();
  assert.deepEqual(await train({ config: preset(), data: folder, runsFolder: freshFolder(), signal: stop }), {
    ...{ run: null, images: 0, finished: false },
  });
});
