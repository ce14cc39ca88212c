// @ts-check
// Compares the memory of a training process with the forecast of `rin train`: `node bench/trainingMemory.mjs`, after a build.
// `--only NAME` measures one preset, on the data `--data SOURCE` if they are named. Each row is a separate process that trains on
// grey samples in memory, as many as the data of the preset have, or on a built-in set, and draws a preview of one step at the end. `cifar10` and `imagenet64` have smaller batches.
// `--kernels NAME` prints what stays in memory after passes of new sizes in bfloat16, with their tensors freed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { releaseFreeMemory } from '@rin/torch';
import { samplingPasses } from '../packages/rin/dist/src/diffusion/samplingPasses.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { flags, machine, table } from './machine.mjs';

const { only, kernels, data } = flags({
  only: { type: 'string' },
  kernels: { type: 'string' },
  data: { type: 'string' },
});
const script = fileURLToPath(new URL('../packages/rin/dist/test/training/resources/memoryChild.js', import.meta.url));
const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e6);

/** Number of samples or the source, and the batch, of each case. @type {[preset: string, samples: number | string, batch: number][]} */
const cases = [
  ['emoji-64', 83, 32],
  ['emoji-64', 20_000, 32], // 246 MB of pixels, near the most that is held in memory
  ['mnist', 60_000, 32],
  ['cifar10-small', 50_000, 32],
  ['photos-64', 3670, 32],
  ['sprites-32', 1773, 32],
  ['benchmark', 1000, 32],
  ['cifar10', 50_000, 8],
  ['imagenet64', 20_000, 8],
  ['bouncing', 'bouncing', 16],
  ['bouncing', 2000, 16], // 98 MB of pixels
  ['tones', 'tones', 32],
  ['tones', 20_000, 32], // 82 MB of values
];

/** A training that ends with a preview of more pictures than one batch of it has. @param {string} preset @param {number} batch @param {boolean} previews @param {string} precision */
function configOf(preset, batch, previews, precision) {
  const { model, sampling } = loadPreset(preset);
  const passes = Math.min(64, 2 * batch) * samplingPasses({ ...sampling, steps: 1 }, model.classes > 0);
  const images = previews ? Math.ceil(passes / 0.3) : 4 * batch; // long enough for a preview of so many passes
  const training = { batch, images, precision, warmup: 0, device: 'cpu', logEvery: images, checkpointEvery: images };
  return loadPreset(preset, {
    training: { ...training, sampleEvery: previews ? images : 0 },
    sampling: { steps: 1 },
  });
}

/** @param {string} preset @param {number | string} samples @param {number} batch @param {boolean} previews @param {string} precision */
function row(preset, samples, batch, previews, precision) {
  const folder = mkdtempSync(join(tmpdir(), 'rin-bench-'));
  try {
    const config = configOf(preset, batch, previews, precision);
    const { stdout, stderr } = spawnSync(process.execPath, [script, JSON.stringify(config), folder, String(samples)], {
      encoding: 'utf8',
    });
    if (stderr) throw new Error(stderr);
    const { measured, forecast } = JSON.parse(stdout);
    const ratio = (measured / forecast).toFixed(2);
    return [
      preset,
      precision,
      samples,
      batch,
      previews ? 'yes' : 'no',
      megabytes(forecast),
      megabytes(measured),
      ratio,
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} preset */
function printKernels(preset) {
  const learner = new Learner(loadPreset(preset), 0.3, { device: 'cpu', dtype: 'bfloat16' });
  const rows = [1, 2, 4, 8, 16].map((size) => {
    learner.timePass(size);
    releaseFreeMemory();
    return [size, megabytes(process.memoryUsage.rss())];
  });
  table([['images in a pass', 'memory MB'], ...rows]);
}

function printForecasts() {
  const named = cases.filter(([preset]) => only === undefined || preset === only);
  const chosen =
    typeof data === 'string'
      ? named.slice(0, 1).map(([preset, , batch]) => /** @type {const} */ ([preset, data, batch]))
      : named;
  const rows = ['float32', 'bfloat16'].flatMap((precision) =>
    chosen.flatMap(([preset, samples, batch]) =>
      [false, true].map((previews) => row(preset, samples, batch, previews, precision)),
    ),
  );
  table([['preset', 'precision', 'data', 'batch', 'previews', 'forecast MB', 'peak MB', 'peak / forecast'], ...rows]);
}

console.log(machine());
if (typeof kernels === 'string') printKernels(kernels);
else printForecasts();
