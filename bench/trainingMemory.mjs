// @ts-check
// Compares the memory of a training process with the forecast of `rin train`: `node bench/trainingMemory.mjs`, after a build.
// `--only NAME` measures one preset. Each row is a separate process that trains on grey pictures in memory, as many as the data
// of the preset have, and draws a whole preview of two steps at the end. `cifar10` and `imagenet64` have smaller batches.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { samplingPasses } from '../packages/rin/dist/src/diffusion/samplingPasses.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { flags, machine, table } from './machine.mjs';

const { only } = flags({ only: { type: 'string' } });
const script = fileURLToPath(new URL('../packages/rin/dist/test/training/resources/memoryChild.js', import.meta.url));
const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e6);

/** Number of samples, and the batch, of each case. @type {[preset: string, samples: number, batch: number][]} */
const cases = [
  ['emoji-64', 83, 32],
  ['emoji-64', 20_000, 32], // 246 MB of pixels, near the most that is held in memory
  ['mnist', 60_000, 32],
  ['cifar10-small', 50_000, 32],
  ['benchmark', 50_000, 32],
  ['cifar10', 50_000, 8],
  ['imagenet64', 20_000, 8],
];

/** A training that ends with a whole preview. @param {string} preset @param {number} batch @param {boolean} previews @param {string} precision */
function configOf(preset, batch, previews, precision) {
  const { model, sampling } = loadPreset(preset);
  const passes = 64 * samplingPasses({ ...sampling, steps: 2 }, model.classes > 0);
  const images = previews ? Math.ceil(passes / 0.3) : 4 * batch; // long enough for a preview of this length
  const training = { batch, images, precision, warmup: 0, device: 'cpu', logEvery: images, checkpointEvery: images };
  return loadPreset(preset, {
    training: { ...training, sampleEvery: previews ? images : 0 },
    sampling: { steps: 2 },
  });
}

/** @param {string} preset @param {number} samples @param {number} batch @param {boolean} previews @param {string} precision */
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

console.log(machine());
const chosen = cases.filter(([preset]) => only === undefined || preset === only);
const rows = ['float32', 'bfloat16'].flatMap((precision) =>
  chosen.flatMap(([preset, samples, batch]) =>
    [false, true].map((previews) => row(preset, samples, batch, previews, precision)),
  ),
);
table([['preset', 'precision', 'pictures', 'batch', 'previews', 'forecast MB', 'peak MB', 'peak / forecast'], ...rows]);
