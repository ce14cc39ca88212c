import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { parseConfig } from '../../src/config/parse.js';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { clipGrid } from '../../src/media/clipGrid.js';
import { grid } from '../../src/media/grid.js';
import { encodePng } from '../../src/media/png.js';
import sharp from '../../src/media/sharp.js';
import { joined } from '../../src/media/sound.js';
import { strip } from '../../src/media/strip.js';
import { encodeWav } from '../../src/media/wav.js';
import { waveform } from '../../src/media/waveform.js';
import { summarise } from '../../src/runs/summary.js';
import { planPreviews } from '../../src/training/previewPlan.js';
import type { Progress } from '../../src/training/progress.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { settledMemory } from '../diffusion/settledMemory.js';
import { clipFromAnimation, largestGap } from '../media/decodedClip.js';
import { clipModel, clips, freshFolder, samples, soundModel, tiny } from './tiny.js';

const finish = async (config: ReturnType<typeof tiny>, data: Parameters<typeof train>[0]['data'] = samples) => {
  const { run, finished } = await train({ config, data, runsFolder: freshFolder() });
  assert.ok(run && finished);
  return run;
};

const lines = (run: string, name: string): Record<string, number>[] =>
  readFileSync(join(run, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('gradients gathered over micro-batches are those of the whole batch', async () => {
  const of = async (microBatch: number) => {
    const config = tiny({ model: { dropout: 0 }, training: { images: 32, logEvery: 8, sampleEvery: 0, microBatch } });
    return lines(await finish(config), 'stats.jsonl');
  };
  const [whole, parts] = [await of(8), await of(2)];
  for (const [i, line] of whole.entries()) {
    // float32 sums in another order: 1e-5 relative leaves room for three updates
    assert.ok(Math.abs(parts[i].loss / line.loss - 1) < 1e-5, `loss ${parts[i].loss}, ${line.loss}`);
    assert.ok(Math.abs(parts[i].gradientNorm / line.gradientNorm - 1) < 1e-4);
  }
});

test('statistics come at every interval, with the learning rate of the last update', async () => {
  const run = await finish(tiny({ training: { sampleEvery: 0 } }));
  const stats = lines(run, 'stats.jsonl');
  assert.deepEqual(
    stats.map(({ images }) => images),
    [16, 32, 48, 64, 80, 96],
  );
  assert.equal(stats[0].learningRate, 0.005); // half way through the warm-up
  assert.deepEqual(
    lines(run, 'timing.jsonl').map(({ images }) => images),
    [16, 32, 48, 64, 80, 96],
  );
});

test('shares of the run set warm-up, statistics, previews and checkpoints', async () => {
  const shares = { warmup: '25%', logEvery: '25%', sampleEvery: '50%', checkpointEvery: '33%', keepCheckpoints: 9 };
  const run = await finish(tiny({ training: shares }));
  const stats = lines(run, 'stats.jsonl');
  assert.deepEqual(
    stats.map(({ images }) => images),
    [24, 48, 72, 96],
  );
  assert.ok(
    Math.abs(stats[0].learningRate - (0.01 * 16) / 24) < 1e-12,
    'the third update is two thirds through the warm-up',
  );
  const named = (prefix: string) =>
    readdirSync(run)
      .filter((name) => name.startsWith(prefix))
      .sort();
  assert.deepEqual(named('fakes'), ['fakes-000000.048k.png', 'fakes-000000.096k.png']);
  // 33% of 96 images are 31.68, so 32.
  assert.deepEqual(
    named('checkpoint'),
    ['032k', '064k', '096k'].map((at) => `checkpoint-000000.${at}`),
  );
});

test('progress is told after every update', async () => {
  const told: Progress[] = [];
  const config = tiny({ training: { sampleEvery: 0 } });
  await train({ config, data: samples, runsFolder: freshFolder(), onProgress: (progress) => told.push(progress) });
  assert.deepEqual(
    told.map(({ images }) => images),
    Array.from({ length: 12 }, (_, i) => 8 * (i + 1)),
  );
  for (const { loss, imagesPerSecond, memory, total } of told) {
    assert.ok(loss && loss > 0 && imagesPerSecond && imagesPerSecond > 0 && memory > 1e7 && total === 96);
  }
});

test('the configuration of a run is enough to repeat it, and its model to sample from it', async () => {
  const run = await finish(tiny());
  const model = await loadModel(join(run, 'model.safetensors'));
  assert.deepEqual(model.config, tiny());
  assert.deepEqual(model.classes, ['0', '1']);
  for (const name of ['config.yaml', 'data.json', 'log.txt', 'reals.png']) assert.ok(existsSync(join(run, name)), name);
});

test('the previews of clips are all of them playing, and the strip of the first clip of each class', async () => {
  const config = tiny(clipModel);
  const run = await finish(config, clips);
  const { layout } = planPreviews(config) ?? assert.fail();
  const labels = ['0', '1'];
  const { columns } = layout;
  const options = { columns, labels, scale: 16 }; // 4 pixels become 64
  const [even, odd] = [0, 1].map((first) => Array.from({ length: columns }, (_, i) => (first + 2 * i) % 12));
  const reals = [...even, ...odd].map((i) => ({ data: clips[i].pixels, shape: [1, 4, 4, 4] }));
  assert.deepEqual(await clipFromAnimation(join(run, 'reals.webp'), 1), clipGrid(reals, options));
  const strips = grid(
    [reals[0], reals[columns]].map((clip) => strip(clip, 16)),
    { columns: 1, labels },
  );
  const { data, info } = await sharp(join(run, 'reals.png'))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [strips.width, strips.height]);
  assert.deepEqual(new Uint8Array(data), strips.data);
  // The fakes are the samples of these seeds.
  const model = await loadModel(join(run, 'model.safetensors'));
  const fakes = await sample(model, {
    seeds: [...layout.classes.keys()],
    classes: layout.classes,
    batch: layout.classes.length,
  });
  assert.ok(fakes.every(({ medium }) => medium === 'clip'));
  const drawn = await clipFromAnimation(join(run, 'fakes-000000.096k.webp'), 1);
  const expected = clipGrid(fakes, options);
  assert.deepEqual(drawn.shape, expected.shape);
  // Rounding of products depends on the batch: at most the next of 256 levels.
  assert.ok(largestGap(drawn, expected) <= 1, `${largestGap(drawn, expected)}`);
});

test('the previews of sounds are all their waveforms, and the first sound of each class', async () => {
  const config = tiny(soundModel);
  const run = await finish(config, samples);
  const { layout } = planPreviews(config) ?? assert.fail();
  const first = [0, 1].map((i) => ({ data: samples[i].pixels, shape: [1, 64] }));
  const expected = encodeWav(joined(first), { rate: 16_000 });
  assert.deepEqual(readFileSync(join(run, 'reals.wav')), Buffer.from(expected));
  const waves = layout.classes.map((label, i) => samples[(label + 2 * (i % layout.columns)) % 12]);
  const sheet = grid(
    waves.map(({ pixels }) => waveform({ data: pixels, shape: [1, 64] })),
    { columns: layout.columns, labels: ['0', '1'] },
  );
  assert.deepEqual(readFileSync(join(run, 'reals.png')), Buffer.from(await encodePng(sheet)));
});

test('signals of two channels train too, without previews', async () => {
  const config = tiny({ model: { size: [16], channels: 2, classes: 0 } });
  const waves = Array.from({ length: 8 }, (_, k) => ({
    pixels: Uint8Array.from({ length: 32 }, (_, i) => 127 + 100 * Math.sin(i + k)),
  }));
  const run = await finish(config, waves);
  assert.ok(!existsSync(join(run, 'reals.png')));
});

const brief = { images: 16, warmup: 0, sampleEvery: 0 };

test('the folder of a run may be named with a slash behind it, or by a link', async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, 'disk'));
  symlinkSync('disk', join(folder, 'link'));
  for (const name of ['new/', 'link']) {
    const run = `${folder}/${name}`;
    const config = tiny({ training: brief });
    assert.ok((await train({ config, data: samples, run })).finished);
    assert.ok(existsSync(join(run, 'model.safetensors')));
    const told: string[] = [];
    await train({ config, data: samples, run, log: (text) => told.push(text) });
    assert.match(told.join(), /is finished/);
  }
  assert.ok(lstatSync(join(folder, 'link')).isSymbolicLink());
  assert.deepEqual(readdirSync(folder), ['disk', 'link', 'new']);
});

test('what else lies among the runs is passed over', async () => {
  const runsFolder = freshFolder();
  writeFileSync(join(runsFolder, '00004-packed-run.tar'), '');
  const { run } = await train({ config: tiny({ training: brief }), data: samples, runsFolder });
  assert.match(run ?? '', /\/00005-/);
});

test('runs that are begun together in one program get a folder each', async () => {
  const runsFolder = freshFolder();
  const begun = [1, 2, 3].map((seed) =>
    train({ config: { ...tiny({ training: brief }), seed }, data: samples, runsFolder }),
  );
  const runs = (await Promise.all(begun)).map(({ run, finished }) => finished && run);
  const names = ['00000', '00001', '00002'].map((number) => `${number}-samples-8-tiny`);
  assert.deepEqual(
    runs.sort(),
    names.map((name) => join(runsFolder, name)),
  );
  assert.deepEqual(readdirSync(runsFolder).sort(), names);
});

test('what cannot be written is told in a sentence', async () => {
  const refused = async (obstruct: (run: string) => void, reason: RegExp) => {
    const runsFolder = freshFolder();
    const run = join(runsFolder, '00000-samples-8-tiny');
    await assert.rejects(
      train({ config: tiny({ training: brief }), data: samples, runsFolder, onProgress: () => obstruct(run) }),
      (error) => error instanceof RinError && reason.test(error.message),
    );
    return run;
  };
  const inTheWay = (run: string) => mkdirSync(join(run, 'model.safetensors', 'x'), { recursive: true });
  const run = await refused(inTheWay, /model\.safetensors: it is a folder/);
  assert.match(readFileSync(join(run, 'log.txt'), 'utf8'), /model\.safetensors: it is a folder.*\n$/);
  await refused(
    (gone) => rmSync(gone, { recursive: true }),
    /cannot write .*\/00000-samples-8-tiny\/\S+: its folder is gone$/,
  );
});

test('the memory of a training is given back', async () => {
  const model = { latentDim: 128, depth: [4] }; // weights of 3 MB, which nothing else here comes near
  const run = await finish(tiny({ model, training: brief }));
  const before = (await settledMemory()).bytes;
  await finish(tiny({ model, training: { ...brief, init: run } }));
  const more = (await settledMemory()).bytes - before;
  assert.ok(more < 1e6, `${more} bytes`);
});

test('every optimiser, average and precision trains', async () => {
  const averages = [{ kind: 'exponential' }, { kind: 'power' }];
  const optimizers = [{ kind: 'lamb' }, { kind: 'adamw' }, { kind: 'muon', adamRate: 0.01 }];
  for (const [i, optimizer] of [...optimizers, { kind: 'muon' }].entries()) {
    const precision = i === 3 ? 'bfloat16' : 'float32';
    const training = { precision, optimizer, ema: averages[i % 2], sampleEvery: 0, logEvery: 40, images: 80 };
    const losses = lines(await finish(tiny({ training })), 'stats.jsonl').map(({ loss }) => loss);
    assert.ok(losses[1] < losses[0], `${optimizer.kind}, ${precision}: ${losses.join(', ')}`);
  }
});

test('data that do not fit the configuration are refused with the mend', async () => {
  const refused = (config: object, reason: RegExp) =>
    assert.rejects(
      train({ config: tiny(config), data: samples, runsFolder: freshFolder() }),
      (error) => error instanceof RinError && reason.test(error.message),
    );
  await refused({ model: { classes: 5 } }, /2 classes \(0, 1\), but model\.classes is 5; set it to 2/);
  await refused({ model: { channels: 3 } }, /64 values, but \[3, 8, 8\] has 192/);
  const unchecked = { ...tiny(), seed: -1 };
  await assert.rejects(train({ config: unchecked, data: samples, runsFolder: freshFolder() }), /seed is -1/);
  assert.throws(() => parseConfig(unchecked, 'here'), /seed is -1/);
});

test('a device that is not there, and too many threads, are refused before data are decoded and there is a run', async () => {
  const untouched: Iterable<never> = { [Symbol.iterator]: () => assert.fail('the data were asked for') };
  for (const [key, value] of [
    ['device', 'cuda:7'],
    ['threads', 5000],
  ] as const) {
    const runsFolder = freshFolder();
    const config = { ...tiny(), training: { ...tiny().training, [key]: value } };
    await assert.rejects(
      train({ config, data: untouched, runsFolder }),
      (error) => error instanceof RinError && error.message.includes(`training.${key} is ${value}`),
    );
    assert.deepEqual(readdirSync(runsFolder), []);
  }
});

test('a length that is no multiple of the batch is never exceeded in what is told', async () => {
  const config = tiny({ training: { ...brief, images: 20, logEvery: 8 } }); // three updates of 8
  const told: number[] = [];
  const result = await train({
    config,
    data: samples,
    runsFolder: freshFolder(),
    onProgress: ({ images, secondsLeft }) => told.push(images, Number(secondsLeft)),
  });
  assert.deepEqual(
    told.filter((_, i) => i % 2 === 0),
    [8, 16, 20],
  );
  assert.equal(told.at(-1), 0); // seconds left
  assert.deepEqual([result.images, result.finished], [20, true]);
  assert.ok(result.run);
  const summary = await summarise(result.run);
  assert.ok(summary.state === 'finished');
  assert.deepEqual([summary.images, summary.stats.at(-1)?.images], [20, 20]);
});
