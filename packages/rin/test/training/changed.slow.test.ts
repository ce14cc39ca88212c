import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { fromYaml } from '../../src/config/yaml.js';
import { rateShare } from '../../src/training/learningRate.js';
import type { Progress } from '../../src/training/progress.js';
import { type TrainOptions, trainOrStop as train } from '../../src/training/trainer.js';
import { freshFolder, outcome, samples, tiny } from './tiny.js';

type Training = Record<string, unknown>;

/** Trains with changes of the training section; stops after `at` images. */
async function go(
  runsFolder: string,
  { at, over = {}, ...training }: Training & { at?: number; over?: object },
  options: Partial<TrainOptions> = {},
) {
  const controller = new AbortController();
  const said: string[] = [];
  const config = tiny({ ...over, training: { sampleEvery: 0, ...training } });
  const { run, images, finished } = await train({
    ...{ config, data: samples, runsFolder, signal: controller.signal },
    log: (text) => said.push(text),
    onProgress: (progress: Progress) => progress.images === at && controller.abort(),
    ...options,
  });
  assert.ok(run);
  return { run, images, finished, said: said.join('\n') };
}

const files = ['model.safetensors'];
/** Digests of the tensors alone: a model file names its configuration too. */
const weights = (run: string) => {
  const parts = ['weights', 'average', 'optimizer'].map((part) => `checkpoint-000000.096k/${part}.safetensors`);
  return { ...outcome(run, parts), stats: undefined };
};
const rates = (run: string) =>
  readFileSync(join(run, 'stats.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { images: number; learningRate: number });
const configOf = (run: string) =>
  fromYaml(readFileSync(join(run, 'config.yaml'), 'utf8'), run) as Record<string, Training>;

test('a run goes on with other keys that do not touch what is learnt, to the same weights', async () => {
  const whole = weights((await go(freshFolder(), {})).run);
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { at: 40 });
  const changes = {
    over: { sampling: { steps: 3, sampler: 'ddim' } },
    ...{ keepCheckpoints: 1, checkpointEvery: 32, logEvery: 32, sampleEvery: 48 },
  };
  const changed = await go(runsFolder, changes);
  assert.deepEqual([changed.run, changed.images, changed.finished], [run, 96, true]);
  assert.match(changed.said, /^changed at 40 images: training\.logEvery 16 → 32, .*sampling\.steps 2 → 3, /m);
  assert.doesNotMatch(changed.said, /learning rate|rounding/);
  assert.match(readFileSync(join(run, 'log.txt'), 'utf8'), /Z changed at 40 images: training\.logEvery 16 → 32/);
  const { training, sampling } = configOf(run);
  assert.deepEqual([training.keepCheckpoints, training.logEvery, sampling.steps], [1, 32, 3]);
  const made = readdirSync(run).filter((name) => /^(checkpoint|fakes)/.test(name));
  assert.deepEqual(made, ['checkpoint-000000.096k', 'fakes-000000.048k.png', 'fakes-000000.096k.png']);
  assert.deepEqual(weights(run), whole);
  assert.deepEqual(readdirSync(runsFolder), [basename(run)]);
});

test('a preview that a killed run drew after its last checkpoint is drawn again if the run goes on with other keys', async () => {
  const [old, name] = ['of the settings before', 'fakes-000000.048k.png'];
  for (const [over, isKept] of [
    [{}, true],
    [{ sampling: { guidance: 1 } }, false],
  ] as const) {
    const runsFolder = freshFolder();
    const { run } = await go(runsFolder, { sampleEvery: 48, at: 40 });
    writeFileSync(join(run, name), old);
    await go(runsFolder, { sampleEvery: 48, over });
    assert.equal(readFileSync(join(run, name), 'latin1') === old, isKept);
  }
});

test('what changes the order of sums is allowed, and said', async () => {
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { at: 16 });
  const { said, finished } = await go(runsFolder, { threads: 2, microBatch: 8, images: 48 });
  assert.ok(finished);
  assert.match(
    said,
    /^training\.microBatch and training\.threads can change the rounding of sums, and so the last bits/m,
  );
  assert.deepEqual(readdirSync(runsFolder), [basename(run)]);
});

const constant = { decay: { kind: 'constant' }, images: 96, checkpointEvery: 48 };

test('at a constant rate a finished run that is made longer is, to the bit, one that was longer from the start', async () => {
  const straight = outcome((await go(freshFolder(), { ...constant, images: 192 })).run, files);
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, constant);
  const longer = await go(runsFolder, { ...constant, images: 192 });
  assert.deepEqual([longer.run, longer.images, longer.finished], [run, 192, true]);
  assert.match(longer.said, /^changed at 96 images: training\.images 96 → 192$\n^learning rate: constant, as before$/m);
  assert.deepEqual(outcome(run, files), straight);
});

test('with a decay the rate goes on as that of a run of the new length, whether the run was finished or not', async () => {
  for (const at of [undefined, 48]) {
    const start = freshFolder();
    const { run } = await go(start, { at });
    const stopped = join(freshFolder(), 'again');
    cpSync(start, stopped, { recursive: true });
    const { said, finished } = await go(start, { images: 192 });
    assert.ok(finished);
    const seen = at ?? 96;
    const decay = { kind: 'cosine', rate: 0.8, flat: 0 } as const;
    const share = (images: number, total: number) => 0.01 * rateShare({ images: total, warmup: 16, decay }, images);
    const [here, before] = [share(seen, 192).toPrecision(2), share(seen, 96).toPrecision(2)];
    assert.ok(said.includes(`learning rate: ${before} → ${here}, as in a run of 192 images`), said);
    for (const { images, learningRate } of rates(run))
      assert.ok(Math.abs(learningRate - share(images - 8, images > seen ? 192 : 96)) < 1e-12, `${images}`);
    // Interrupted after the change, it comes to the same bytes.
    await go(stopped, { images: 192, at: 104 });
    await go(stopped, { images: 192, at: 144 });
    const again = (await go(stopped, { images: 192 })).run;
    assert.equal(basename(again), basename(run));
    assert.deepEqual(outcome(again, files), outcome(run, files));
  }
});

test('a share means as large a part of the longer run, and the same images in other words are no change', async () => {
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { at: 40, warmup: '25%', logEvery: '25%' });
  const again = await go(runsFolder, { warmup: 24, logEvery: 24 });
  assert.deepEqual([again.run, again.finished], [run, true]);
  assert.doesNotMatch(again.said, /changed at/);
  const longer = await go(runsFolder, { images: 192, warmup: '25%', logEvery: '25%' });
  assert.deepEqual([longer.run, longer.images], [run, 192]);
  assert.match(longer.said, /^changed at 96 images: training\.images 96 → 192$/m);
  assert.deepEqual(
    rates(run).map(({ images }) => images),
    [24, 48, 72, 96, 144, 192],
  );
});

test('a run can be made shorter down to what it has seen; below that, another one is started', async () => {
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { at: 48 });
  assert.equal((await go(runsFolder, { images: 80, at: 56 })).run, run);
  const copy = join(freshFolder(), 'copy');
  cpSync(run, copy, { recursive: true });
  const ended = await go('', { images: 56 }, { run: copy });
  assert.deepEqual([ended.images, ended.finished], [56, true]);
  const other = await go(runsFolder, { images: 32 });
  assert.notEqual(other.run, run);
  assert.match(
    other.said,
    /^\S+00000-samples-8-tiny is unfinished, at 56 of 80 images, .*training\.images \(80 there, 32 here\)/m,
  );
});

test('of a finished run nothing but its length is changed, and it says so', async () => {
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { images: 32 });
  const before = readFileSync(join(run, 'config.yaml'), 'utf8');
  const again = await go(runsFolder, { images: 32, keepCheckpoints: 5 });
  assert.deepEqual([again.run, again.finished], [run, true]);
  assert.match(
    again.said,
    /is finished: it has seen its 32 images\. Changed keys are ignored: training\.keepCheckpoints\./,
  );
  assert.equal(readFileSync(join(run, 'config.yaml'), 'utf8'), before);
});

test('an unfinished run that is left aside is named, with what differs and the words to go on with it', async () => {
  const runsFolder = freshFolder();
  const { run } = await go(runsFolder, { at: 16 });
  const other = await go(runsFolder, { at: 8, learningRate: 0.02, precision: 'bfloat16' });
  const words = `--config ${join(run, 'config.yaml')} --run ${run}`;
  assert.equal(
    other.said.split('\n')[0],
    `${run} is unfinished, at 16 of 96 images, but a new run starts: its configuration differs in ` +
      `training.learningRate (0.01 there, 0.02 here), training.precision ("float32" there, "bfloat16" here). To resume it: ${words}`,
  );
  assert.ok(readFileSync(join(other.run, 'log.txt'), 'utf8').includes(`Z ${other.said.split('\n')[0]}`));
  const data = await go(runsFolder, { at: 8 }, { data: [...samples, samples[0]] });
  assert.equal(
    data.said.split('\n')[0],
    `${run} is unfinished, at 16 of 96 images, but a new run starts: its data had other contents: 12 samples there, 13 here. ` +
      `It resumes once these are the same again; to start from its weights: --init ${run}`,
  );
  // Of equal runs the first one goes on; one that differs in many things is not told of, nor is any with --new.
  assert.equal((await go(runsFolder, { at: 24 })).run, run);
  const far = { over: { seed: 3, model: { dropout: 0 } }, batch: 4, learningRate: 1, warmup: 0 };
  for (const [asked, options] of [
    [{ ...far, at: 4 }, {}],
    [{ at: 8 }, { fresh: true }],
  ] as const)
    assert.doesNotMatch((await go(runsFolder, asked, options)).said, /is unfinished/);
});

test('a change holds from the checkpoint that is whole, and a run that is refused keeps its configuration', async () => {
  const { run } = await go(freshFolder(), { at: 56, checkpointEvery: 32, keepCheckpoints: 2 });
  const cut = (folder: string, name: string) => truncateSync(join(folder, name, 'weights.safetensors'), 1000);
  const change = { checkpointEvery: 32, keepCheckpoints: 2, logEvery: 48 };
  const refused = `${run} again`;
  cpSync(run, refused, { recursive: true });
  cut(run, 'checkpoint-000000.056k');
  const { said } = await go('', change, { run });
  assert.match(said, /^changed at 32 images: training\.logEvery 16 → 48$/m);
  assert.match(said, /resumes at 32 of 96 images/);

  for (const name of readdirSync(refused)) if (name.startsWith('checkpoint')) cut(refused, name);
  const before = readFileSync(join(refused, 'config.yaml'), 'utf8');
  await assert.rejects(go('', change, { run: refused }), /all its checkpoints are damaged/);
  assert.equal(readFileSync(join(refused, 'config.yaml'), 'utf8'), before);
  assert.doesNotMatch(readFileSync(join(refused, 'log.txt'), 'utf8'), /changed at/);
});

test('a folder that is named goes on with changed keys too, and refuses others with both values', async () => {
  const run = join(freshFolder(), 'mine');
  await go('', { at: 16 }, { run });
  await assert.rejects(
    go('', { clipNorm: 2 }, { run }),
    (error) =>
      error instanceof RinError &&
      /differs in training\.clipNorm \(1 there, 2 here\).* go on with the run that is there: --config .*config\.yaml --run /.test(
        error.message,
      ),
  );
  assert.ok((await go('', { images: 32, keepCheckpoints: 1 }, { run })).finished);
});
