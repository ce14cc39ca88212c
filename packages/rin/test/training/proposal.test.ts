import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.js';
import { enlargedPictures } from '../../src/training/enlarged.js';
import { loadPreset } from '../../src/training/presets.js';
import { type DataFacts, proposalFor } from '../../src/training/proposal.js';

const facts = (pictures: number, sizes: Record<string, number>, more: Partial<DataFacts> = {}): DataFacts => ({
  ...{ pictures, classes: 0, grey: false, drawn: false, sizes: new Map(Object.entries(sizes)) },
  ...more,
});
const drawn = { drawn: true };
const grey = { grey: true };

test('kind and size of the pictures choose preset, size, patch and channels', () => {
  const rows: readonly [DataFacts, ...unknown[]][] = [
    // photographs
    [facts(3670, { '128×128': 48 }), 'photos-64', 64, 3],
    [facts(500, { '4000×3000': 8 }), 'photos-64', 64, 3],
    [facts(500, { '48×60': 1 }), 'photos-64', 48, 3],
    [facts(500, { '47×60': 1 }), 'cifar10-small', 32, 3],
    [facts(50_000, { '32×32': 48 }), 'cifar10-small', 32, 3],
    [facts(500, { '30×32': 1 }), 'cifar10-small', 28, 3],
    // drawings
    [facts(1644, { '128×128': 48 }, drawn), 'emoji-64', 64, 3],
    [facts(1773, { '32×32': 48 }, drawn), 'sprites-32', 32, 3],
    [facts(300, { '24×24': 1 }, drawn), 'sprites-32', 24, 3],
    [facts(300, { '16×16': 1 }, drawn), 'sprites-32', 16, 3],
    // grey
    [facts(60_000, { '28×28': 48 }, { ...grey, ...drawn }), 'mnist', 28, 1],
    [facts(60_000, { '28×28': 48 }, grey), 'mnist', 28, 1],
    [facts(900, { '32×40': 1 }, grey), 'mnist', 32, 1],
    [facts(900, { '33×33': 1 }, grey), 'cifar10-small', 32, 1],
    [facts(900, { '200×200': 1 }, { ...grey, ...drawn }), 'emoji-64', 64, 1],
    // the median decides
    [facts(900, { '128×128': 20, '16×16': 18, '200×90': 10 }), 'photos-64', 64, 3],
  ];
  for (const [given, ...expected] of rows) {
    const { preset, changes } = proposalFor(given);
    const { size, patch, channels } = changes.model;
    assert.deepEqual([preset, size, channels], expected, JSON.stringify([...given.sizes]));
    assert.equal(patch, loadPreset(preset).model.patch);
  }
});

test('tiny pictures get smaller patches instead of larger pixels', () => {
  const chosen = [15, 12, 8, 5, 4, 1].map((side) => {
    const { size, patch } = proposalFor(facts(300, { [`${side}×${side}`]: 1 }, drawn)).changes.model;
    return [size, patch];
  });
  assert.deepEqual(chosen, [
    [14, 2],
    [12, 2],
    [8, 2],
    [5, 1],
    [4, 1],
    [1, 1],
  ]);
});

test('a size that is decided chooses the preset, and stays', () => {
  const flowers = facts(3670, { '128×128': 48 });
  assert.deepEqual(
    [proposalFor(flowers, 32).preset, proposalFor(flowers, 32).changes.model.size],
    ['cifar10-small', 32],
  );
  assert.deepEqual(
    [proposalFor(flowers, [96, 128]).preset, proposalFor(flowers, 128).changes.model.size],
    ['photos-64', 128],
  );
  assert.deepEqual(proposalFor(flowers, [96, 128]).changes.model.size, [96, 128]);
});

test('images grow with the root of the number of pictures, between 20k and the number of the preset', () => {
  const images = (pictures: number, more: Partial<DataFacts> = drawn) =>
    proposalFor(facts(pictures, { '64×64': 1 }, more)).changes.training.images;
  assert.deepEqual(
    [1, 22, 83, 1000, 1_000_000].map((n) => images(n)),
    [20_000, 20_000, 38_000, 130_000, 200_000],
  );
  assert.equal(images(83), loadPreset('emoji-64').training.images, 'the demo trains as its preset does');
  for (const n of [10, 3670, 1e6]) assert.ok(images(n, {}) <= loadPreset('photos-64').training.images);
  assert.equal(images(1e6, {}), loadPreset('photos-64').training.images);
  const { why } = proposalFor(facts(83, { '64×64': 1 }, drawn));
  assert.equal(why.images, 'each picture about 458 times');
  assert.match(proposalFor(facts(100_000, { '64×64': 1 }, drawn)).why.images, /^each picture about 2 times$/);
  assert.match(
    proposalFor(facts(1_000_000, { '64×64': 1 }, drawn)).why.images,
    /^about 20% of the pictures, each once$/,
  );
});

test('every proposal is a configuration, with the number of classes', () => {
  for (const side of [1, 3, 7, 16, 28, 31, 33, 47, 48, 63, 500])
    for (const kind of [{}, drawn, grey, { ...drawn, ...grey }]) {
      const { preset, changes, why, expect } = proposalFor(
        facts(100, { [`${side}×${side}`]: 1 }, { ...kind, classes: 5 }),
      );
      const config = loadPreset(preset, changes);
      assert.deepEqual([config.model.classes, config.model.size], [5, changes.model.size]);
      assert.ok(Number(changes.model.size) <= side, 'nothing is enlarged');
      for (const sentence of [...Object.values(why), expect]) assert.ok(sentence.length > 10, sentence);
    }
});

test('what to expect depends on kind and number', () => {
  const expected = (pictures: number, more: Partial<DataFacts> = {}) =>
    proposalFor(facts(pictures, { '64×64': 1 }, more)).expect;
  assert.match(expected(299), /fewer than 300 pictures/);
  assert.match(expected(3000, { classes: 200 }), /fewer than 30 pictures in a class/);
  assert.notEqual(expected(5000), expected(5000, drawn));
  assert.notEqual(expected(5000, { classes: 10 }), expected(50_000, { classes: 10 }));
});

test('enlarged pictures are counted, and a size that fits most of them is named', () => {
  const config = (size: number | number[], patch = 8, resize: 'center-crop' | 'fit' = 'center-crop') =>
    parseConfig({ model: { size, patch }, data: { resize } }, 'test');
  const of = (sizes: Record<string, number>, given = config(64)) =>
    enlargedPictures(new Map(Object.entries(sizes)), given, 'pictures');
  assert.equal(of({ '64×64': 3, '200×65': 1 }), undefined);
  assert.deepEqual(of({ '32×32': 30, '64×64': 3, '100×20': 7 }), {
    sentence: '37 of 40 pictures are smaller than 64×64, most often 32×32: training enlarges them',
    remedy: '--size 32 trains at their own size',
  });
  assert.deepEqual(of({ '64×64': 5, '63×64': 5 }), {
    sentence: '5 of 10 pictures are smaller than 64×64, most often 63×64: training enlarges them',
  });
  assert.equal(of({ '50×60': 5 })?.remedy, '--size 48 enlarges none of these');
  assert.equal(of({ '16×16': 5 })?.remedy, '--size 16 --model.patch 4 trains at their own size');
  // `fit` shows the whole picture, so its longer side counts; and a size is [height, width].
  assert.equal(of({ '64×20': 5 }, config(64, 8, 'fit')), undefined);
  assert.equal(of({ '48×32': 5 }, config([32, 48])), undefined);
  assert.match(of({ '32×48': 5 }, config([32, 48]))?.sentence ?? '', /smaller than 48×32, most often 32×48/);
});
