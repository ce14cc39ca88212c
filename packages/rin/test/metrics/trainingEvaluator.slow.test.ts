import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { datasetFromSamples } from '../../src/data/samples.js';
import { evaluate } from '../../src/metrics/evaluate.js';
import { trainingEvaluator } from '../../src/metrics/trainingEvaluator.js';
import { loadModel } from '../../src/runs/loadModel.js';
import { readRun } from '../../src/runs/summary.js';
import type { Progress } from '../../src/training/progress.js';
import { trainOrStop } from '../../src/training/trainer.js';
import { dieAt } from '../disk/dying.js';
import { freshFolder, outcome, samples, soundModel, tiny } from '../training/tiny.js';
import { standIn } from './standIn.js';

process.env.RIN_DATA_CACHE = freshFolder();

const training = {
  images: 32,
  logEvery: 32,
  checkpointEvery: 24,
  sampleEvery: 0,
  evaluateEvery: 12,
  evaluateCount: 10,
};
const config = tiny({ training });
const openEvaluator = trainingEvaluator(async () => standIn());
const model = ['model.safetensors'];

const trained = async (runsFolder: string, over: Partial<Parameters<typeof trainOrStop>[0]> = {}) => {
  const { run, finished } = await trainOrStop({ config, data: samples, runsFolder, openEvaluator, ...over });
  assert.ok(run);
  return { run, finished };
};

const lines = (run: string): Record<string, unknown>[] =>
  readFileSync(join(run, 'stats.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a run measures new samples at every interval, and the last figures are those of its model', async () => {
  const told: Progress[] = [];
  const { run } = await trained(freshFolder(), { onProgress: (progress) => told.push(progress) });
  const found = lines(run).filter((line) => 'figures' in line);
  assert.deepEqual(
    found.map(({ images, evaluated }) => [images, evaluated]),
    [
      [16, 10],
      [24, 10],
      [32, 10],
    ],
  );
  assert.deepEqual(Object.keys(Object(found[0].figures)), ['KID-StandIn', 'FD-StandIn']);
  assert.equal(found[0].detector, standIn().sha256);
  const { figures } = await evaluate(await loadModel(run), {
    ...{ reference: await datasetFromSamples(samples, [1, 8, 8]), detector: standIn(), count: 10, batch: 4 },
    metrics: ['kernel', 'frechet'],
  });
  assert.deepEqual(found[2].figures, Object.fromEntries(figures.map(({ name, value }) => [name, value])));
  assert.equal((await readRun(run)).stats.length, 1, 'lines of losses are read as before');
  assert.match(readFileSync(join(run, 'log.txt'), 'utf8'), /16 images: KID-StandIn \S+, FD-StandIn \S+\n/);
  assert.ok(told.some(({ evaluating }) => evaluating?.total === 10 && evaluating.done > 0));
  assert.deepEqual(told.findLast(({ figures: newest }) => newest)?.figures, found[2].figures);
});

test('a run that is killed at a write resumes to the same lines, with each evaluation once', async () => {
  const short = tiny({
    training: { ...training, images: 16, logEvery: 16, checkpointEvery: 8, evaluateEvery: 8, warmup: 8 },
  });
  const whole = outcome((await trained(freshFolder(), { config: short })).run, model);
  for (let n = 1; ; n += 3) {
    // killed.slow.test.ts tries every write of a run that does not evaluate
    const runsFolder = freshFolder();
    const killed = await dieAt(n, () => trained(runsFolder, { config: short }));
    assert.deepEqual(outcome((await trained(runsFolder, { config: short })).run, model), whole, `killed at write ${n}`);
    if (!killed) break;
    assert.ok(n < 1000);
  }
});

test('a run that is stopped while it evaluates saves, and measures again when it resumes', async () => {
  const whole = outcome((await trained(freshFolder())).run, model);
  const [runsFolder, stop] = [freshFolder(), new AbortController()];
  const onProgress = ({ images, evaluating }: Progress) => {
    if (images === 24 && evaluating) stop.abort();
  };
  const { run, finished } = await trained(runsFolder, { signal: stop.signal, onProgress });
  assert.ok(!finished);
  assert.deepEqual(
    lines(run)
      .filter((line) => 'figures' in line)
      .map(({ images }) => images),
    [16],
  );
  assert.deepEqual(outcome((await trained(runsFolder)).run, model), whole);
});

test('a run whose evaluation fails saves first, and the next try starts with the evaluation', async () => {
  const whole = outcome((await trained(freshFolder())).run, model);
  const runsFolder = freshFolder();
  let calls = 0;
  const failing = trainingEvaluator(async () => {
    const detector = standIn();
    const extract: typeof detector.extract = (...given) => {
      if (calls++ === 0) return detector.extract(...given); // the reference
      throw new RinError('the cache is full');
    };
    return { ...detector, extract };
  });
  process.env.RIN_DATA_CACHE = freshFolder(); // without the reference of the other runs
  await assert.rejects(trained(runsFolder, { openEvaluator: failing }), /the cache is full/);
  const [name] = readdirSync(runsFolder);
  assert.ok(readdirSync(join(runsFolder, name)).includes('checkpoint-000000.016k'), 'the images at the evaluation');
  calls = 1;
  await assert.rejects(trained(runsFolder, { openEvaluator: failing }), /the cache is full/);
  assert.deepEqual(
    readdirSync(join(runsFolder, name)).filter((each) => each.startsWith('checkpoint')),
    ['checkpoint-000000.016k'],
    'no update came between',
  );
  assert.deepEqual(outcome((await trained(runsFolder)).run, model), whole);
});

test('another interval resumes the run, and evaluations are no part of what it learns', async () => {
  const without = tiny({ training: { ...training, evaluateEvery: 0 } });
  const { run } = await trained(freshFolder(), { config: without });
  const { run: measured } = await trained(freshFolder());
  const [a, b] = await Promise.all([run, measured].map(async (each) => (await loadModel(each)).network.parameters()));
  for (const [name, values] of Object.entries(a))
    assert.deepEqual(b[name].detach().toTypedArray(), values.detach().toTypedArray(), name);
  const [runsFolder, stop] = [freshFolder(), new AbortController()];
  await trained(runsFolder, { signal: stop.signal, onProgress: ({ images }) => images >= 16 && stop.abort() });
  const { run: changed, finished } = await trained(runsFolder, { config: without });
  assert.ok(finished);
  assert.match(readFileSync(join(changed, 'log.txt'), 'utf8'), /training\.evaluateEvery/);
});

test('a run that cannot be evaluated is refused before it trains', async () => {
  const sounds = tiny({ ...soundModel, training });
  await assert.rejects(
    trained(freshFolder(), { config: sounds }),
    /training\.evaluateEvery: there is no detector for sounds; set it to 0/,
  );
});
