import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError, UsageError } from '@rin/core';
import type { Config } from '../../src/config/config.js';
import { toYaml } from '../../src/config/yaml.js';
import { openDataset } from '../../src/data/open.js';
import type { Image } from '../../src/media/image.js';
import { compareWithTraining, openTrainingPictures } from '../../src/report/trainingPictures.js';
import { type Colour, folderOf, solid } from '../data/fixtures.js';
import { freshFolder, tiny } from '../training/tiny.js';

const colours: readonly Colour[] = [0, 40, 80, 120, 160, 200].map((red) => [red, 0, 0]);
const pictures = () => folderOf(Object.fromEntries(colours.map((colour, i) => [`${i}.png`, colour])));
const configOf = (source?: string, validation = 0): Config =>
  tiny({ ...(source !== undefined && { source }), model: { channels: 3, classes: 0 }, training: { validation } });

/** All pictures of a source, as they are drawn. */
async function all(source: string, { model, data }: Config): Promise<Image[]> {
  const dataset = await openDataset(source, { size: model.size, channels: model.channels, data });
  return Array.from({ length: dataset.length }, (_, index) => {
    const image = { data: new Uint8Array(192), shape: dataset.shape };
    dataset.read(index, image.data);
    return image;
  });
}

/** Writes what a run keeps of its data, and returns the path of its model. */
async function runOn(source: string, config: Config): Promise<string> {
  const { fingerprint, length, name } = await openDataset(source, { size: 8, channels: 3, data: config.data });
  const folder = freshFolder();
  writeFileSync(join(folder, 'config.yaml'), toYaml(config));
  writeFileSync(join(folder, 'data.json'), JSON.stringify({ name, fingerprint, length }));
  return join(folder, 'model.safetensors');
}

/** Opens training pictures, and collects the notices. */
async function open(file: string, config: Config, source?: string) {
  const notices: string[] = [];
  const onNotice = (sentence: string) => notices.push(sentence);
  return { opened: await openTrainingPictures(file, config, { ...(source && { source }), onNotice }), notices };
}

test('a copy differs by 0; a training picture is compared with the others, not with itself', async () => {
  const source = await pictures();
  const config = configOf(source);
  const { opened, notices } = await open(await runOn(source, config), config);
  const { nearest, mean, own } = await compareWithTraining(opened, (await all(source, config)).slice(2, 4), {});
  assert.deepEqual(
    nearest.map(({ index, rmse }) => [index, rmse]),
    [
      [2, 0],
      [3, 0],
    ],
  );
  assert.equal(mean, 0);
  const expected = Math.sqrt(40 ** 2 / 3) / 255; // each picture differs from its neighbour by 40 in one of three channels
  assert.ok(own !== undefined && Math.abs(own - expected) < 1e-12, `${own}`);
  assert.deepEqual([opened.heldOut, notices], [0, []]);
});

test('held-out pictures are no training pictures', async () => {
  const source = await pictures();
  const config = configOf(source, 0.34);
  for (const file of [await runOn(source, config), 'elsewhere/model.safetensors']) {
    const { opened } = await open(file, config);
    assert.deepEqual([opened.heldOut, opened.data.length], [2, 4]);
    const { nearest } = await compareWithTraining(opened, await all(source, config), {});
    assert.equal(nearest.filter(({ rmse }) => rmse === 0).length, 4);
  }
});

test('data that are gone, or have changed since the training, are an error that says what to do', async () => {
  const source = await pictures();
  const config = configOf(source);
  const file = await runOn(source, config);
  writeFileSync(join(source, '6.png'), await solid([255, 0, 0]));
  await assert.rejects(
    open(file, config),
    new RinError(
      `${source}: the pictures have changed since this run was trained on them (6 then, 7 now); restore them, or name others: --data my-pictures`,
    ),
  );
  // Pictures that the user names are taken, and all of them: the run held out none of these.
  const { opened, notices } = await open(file, configOf(source, 0.34), source);
  assert.deepEqual([opened.data.length, opened.heldOut], [7, 0]);
  assert.deepEqual(notices, [`${source}: this run was trained on other pictures (6 then, 7 now)`]);

  rmSync(source, { recursive: true });
  await assert.rejects(
    open(file, config),
    new RinError(`${source}: the training pictures of this model are not there; name them: --data my-pictures`),
  );
  await assert.rejects(
    open('some.safetensors', configOf()),
    new UsageError('some.safetensors does not say on which pictures it was trained; name them: --data my-pictures'),
  );
  // A copy in another place has the same contents.
  const copy = await pictures();
  assert.deepEqual((await open(file, config, copy)).notices, []);
});

test('a single training picture has no other one to be compared with', async () => {
  const source = join(freshFolder(), 'one');
  mkdirSync(source);
  writeFileSync(join(source, 'a.png'), await solid([10, 20, 30]));
  const config = configOf(source);
  const { opened } = await open('some.safetensors', config);
  const { own, mean } = await compareWithTraining(opened, await all(source, config), {});
  assert.deepEqual([own, mean], [undefined, 0]);
});

test('samples that a formula makes without end have no most similar one', async () => {
  for (const [source, size, nouns] of [
    ['bouncing', [4, 8, 8], 'clips'],
    ['tones', [64], 'sounds'],
  ] as const) {
    const config = tiny({ source, model: { size: [...size], patch: [...size], classes: 0 } });
    await assert.rejects(
      open('some.safetensors', config),
      new RinError(
        `${source}: a formula makes its ${nouns} without end, so there is no most similar one; leave out --nearest`,
      ),
    );
  }
});
