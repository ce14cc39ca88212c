import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runtime, setThreads } from '@rin/torch';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { trainingEvaluator } from '../../src/metrics/trainingEvaluator.js';
import type { Progress } from '../../src/training/progress.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { rin } from '../cli/rin.js';
import { workplace } from '../cli/tiny.js';
import { standIn } from '../metrics/standIn.js';
import { freshFolder, samples, tiny } from '../training/tiny.js';
import type { Cases } from './case.js';

const runsFolder = freshFolder();

/** A run of 24 images in three updates, with changes; its folder and what it told after each. */
async function runOf(over: { readonly training?: object } & Record<string, unknown> = {}, data = samples) {
  const told: Progress[] = [];
  const tooFar = new AbortController(); // a run whose end nothing reads would never be over
  const training = { images: 24, warmup: 0, sampleEvery: 0, logEvery: 8, ...over.training };
  const { run } = await train({
    config: tiny({ ...over, training }),
    data,
    openEvaluator: trainingEvaluator(async () => standIn()),
    runsFolder,
    fresh: true,
    signal: tooFar.signal,
    onProgress: (progress) => {
      told.push(progress);
      if (progress.images > 48) tooFar.abort();
    },
  });
  return { run: run ?? assert.fail(), images: told.map((progress) => progress.images) };
}

const stats = (run: string): { images: number; loss: number; validationLoss?: number; evaluated?: number }[] =>
  readFileSync(join(run, 'stats.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const evaluations = async (training: object) =>
  stats((await runOf({ training })).run).filter((line) => line.evaluated !== undefined);
const losses = async (over: Record<string, unknown>, data = samples) =>
  stats((await runOf(over, data)).run).map(({ loss }) => loss);
const files = (run: string, name: RegExp): string[] => readdirSync(run).filter((file) => name.test(file));
const weights = async (path: string) => {
  const { network } = await loadModel(path);
  return Object.values(network.parameters()).map((part) => Array.from(part.detach().toTypedArray(), Number));
};

/** Each sample beside itself in a mirror. */
const symmetric = samples.map(({ pixels, label }) => ({
  pixels: pixels.map((_, i) => pixels[8 * Math.floor(i / 8) + Math.min(i % 8, 7 - (i % 8))]),
  label,
}));

export const cases: Cases = {
  name: [
    'is the end of the name of the run',
    async () => assert.match(basename((await runOf({ name: 'mine' })).run), /-mine$/),
  ],
  seed: [
    'decides every draw: the same gives the same, another another',
    async () => {
      assert.deepEqual(await losses({ seed: 1 }), await losses({ seed: 1 }));
      assert.notDeepEqual(await losses({ seed: 1 }), await losses({ seed: 2 }));
    },
  ],
  source: [
    'is what rin train trains on',
    async () => {
      const cwd = await workplace();
      const few = ['--images', '16', '--training.warmup', '0', '--training.sampleEvery', '0'];
      const args = ['train', '--config', 'tiny.yaml', '--source', 'pictures', ...few];
      const { code, stdout, stderr } = await rin(args, { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stdout + stderr, /data: pictures, 6 samples in 3 classes/);
    },
  ],
  'diffusion.dataMeanSquare': [
    'takes the place of what is measured',
    async () => {
      const meanSquareOf = async (diffusion: object) =>
        (await loadModel(join((await runOf({ diffusion })).run, 'model.safetensors'))).meanSquare;
      assert.equal(await meanSquareOf({ dataMeanSquare: 0.123 }), 0.123);
      assert.notEqual(await meanSquareOf({}), 0.123);
    },
  ],
  'data.flip': [
    'changes nothing for data that are their own mirror image, and else what is seen',
    async () => {
      const seen = (flip: boolean, data = samples) => losses({ data: { flip } }, data);
      assert.deepEqual(await seen(true, symmetric), await seen(false, symmetric));
      assert.notDeepEqual(await seen(true), await seen(false));
    },
  ],
  'training.images': [
    'ends the run',
    async () => {
      for (const images of [8, 24]) assert.equal((await runOf({ training: { images } })).images.at(-1), images);
    },
  ],
  'training.batch': [
    'is how many images an update takes',
    async () => {
      const { images } = await runOf({ training: { batch: 12, microBatch: 12 } });
      assert.deepEqual(images, [12, 24]);
    },
  ],
  'training.init': [
    'is where the weights start',
    async () => {
      const start = join((await runOf({ seed: 3 })).run, 'model.safetensors');
      const still = { learningRate: 1e-30, optimizer: { kind: 'adamw' }, weightDecay: 0 };
      const startsFrom = async (training: object) =>
        weights(join((await runOf({ seed: 4, training: { ...still, ...training } })).run, 'model.safetensors'));
      assert.deepEqual(await startsFrom({ init: start }), await weights(start));
      assert.notDeepEqual(await startsFrom({}), await weights(start));
    },
  ],
  'training.threads': [
    'is how many threads libtorch has',
    async () => {
      for (const threads of [2, 1]) {
        await runOf({ training: { threads, images: 8 } });
        assert.equal(runtime().threads, threads);
      }
      setThreads(1);
    },
  ],
  'training.logEvery': [
    'is how often a line of statistics comes',
    async () => {
      for (const [logEvery, expected] of [
        [8, [8, 16, 24]],
        [16, [16, 24]],
      ] as const) {
        const { run } = await runOf({ training: { logEvery } });
        assert.deepEqual(
          stats(run).map(({ images }) => images),
          expected,
        );
      }
    },
  ],
  'training.validation': [
    'measures a loss on data that are held out',
    async () => {
      const measured = async (validation: number) =>
        stats((await runOf({ training: { validation } })).run).every(
          ({ validationLoss }) => validationLoss !== undefined,
        );
      assert.equal(await measured(0.3), true);
      assert.equal(await measured(0), false);
    },
  ],
  'training.sampleEvery': [
    'is how often pictures are drawn; 0 = never',
    async () => {
      const drawn = async (sampleEvery: number) =>
        files((await runOf({ training: { sampleEvery }, sampling: { steps: 1 } })).run, /^fakes/).length;
      assert.ok((await drawn(8)) > (await drawn(24)));
      assert.equal(await drawn(0), 0);
    },
  ],
  'training.evaluateEvery': [
    'is how often new samples are measured; 0 = never',
    async () => {
      const measured = async (evaluateEvery: number) =>
        (await evaluations({ evaluateEvery, evaluateCount: 2 })).map(({ images }) => images);
      assert.deepEqual(await measured(8), [8, 16, 24]);
      assert.deepEqual(await measured(24), [24]);
      assert.deepEqual(await measured(0), []);
    },
  ],
  'training.evaluateCount': [
    'is how many are measured',
    async () => {
      for (const evaluateCount of [3, 5])
        assert.deepEqual(
          (await evaluations({ evaluateEvery: 24, evaluateCount })).map(({ evaluated }) => evaluated),
          [evaluateCount],
        );
    },
  ],
  'training.checkpointEvery': [
    'is how often a checkpoint is written',
    async () => {
      const written = async (checkpointEvery: number) =>
        files((await runOf({ training: { checkpointEvery, keepCheckpoints: 9 } })).run, /^checkpoint/).length;
      assert.ok((await written(8)) > (await written(24)));
    },
  ],
  'training.tensorboard': [
    'is whether there is an event file',
    async () => {
      const written = async (tensorboard: boolean) =>
        files((await runOf({ training: { tensorboard, images: 8 } })).run, /tfevents/).length;
      assert.deepEqual([await written(true), await written(false)], [1, 0]);
    },
  ],
  'training.keepCheckpoints': [
    'is how many are kept',
    async () => {
      for (const keepCheckpoints of [1, 2]) {
        const { run } = await runOf({ training: { checkpointEvery: 8, keepCheckpoints } });
        assert.equal(files(run, /^checkpoint/).length, keepCheckpoints);
        assert.ok(existsSync(join(run, 'checkpoint-000000.024k')));
      }
    },
  ],
};
