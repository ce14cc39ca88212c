// @ts-check
// The memory of one training step and of one sampling step for a single sample, with and without `training.recompute`:
// `node bench/largestNetworks.mjs`, after a build. `--only NAME` measures one preset. Each figure is the peak of a process of its
// own, in float32. A step whose forecast is above `--limit` gigabytes (default: 20) is not run; its forecast is in brackets.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lengthOf } from '@rin/core';
import { loadPreset, RIN, sample } from '../packages/rin/dist/src/index.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { presetNamed } from '../packages/rin/dist/src/training/presets.js';
import { trainingCost } from '../packages/rin/dist/src/training/resources/cost.js';
import { flags, machine, table } from './machine.mjs';

const { only, limit, child } = flags({
  only: { type: 'string' },
  limit: { type: 'string' },
  child: { type: 'string' },
});
const most = 1e9 * Number(limit ?? 20);
const presets = /** @type {const} */ ([
  'imagenet64',
  'imagenet128',
  'imagenet256',
  'imagenet512',
  'imagenet1024',
  'kinetics600',
]);
const compute = /** @type {const} */ ({ device: 'cpu', dtype: 'float32' });
const gigabytes = (/** @type {number} */ bytes) => (bytes / 1e9).toFixed(1);

/** One training step of a single sample. @param {string} name @param {boolean} recompute */
function configOf(name, recompute) {
  const training = { batch: 1, microBatch: 1, images: 1, warmup: 0, sampleEvery: 0, recompute };
  return loadPreset(presetNamed(name), { training, diffusion: { selfConditioningRate: 1 } });
}

/** Runs in a process of its own. @param {string} name @param {string} what */
async function measure(name, what) {
  const config = configOf(name, what === 'recompute');
  const shape = new RIN(config.model, { seed: null }).sample.shape;
  if (what === 'sample') {
    const network = new RIN(config.model);
    const classes = Array.from({ length: config.model.classes }, (_, i) => String(i));
    const given = { data: new Uint8Array(lengthOf(shape)).fill(128), shape }; // a clip to continue
    const options = { seeds: [0], steps: 1, ...(config.model.givenFrames > 0 && { given }) };
    await sample({ config, classes, meanSquare: 0.3, network }, options);
  } else {
    const learner = new Learner(config, 0.3, compute);
    const labels = Int32Array.of(config.model.classes > 0 ? 0 : -1);
    const { loss } = await learner.update({ pixels: new Uint8Array(lengthOf(shape)).fill(128), labels }, 0, 0);
    if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  }
  console.log(1024 * process.resourceUsage().maxRSS);
}

/** @param {string} name @param {string} what @param {number} forecast */
function peak(name, what, forecast) {
  if (forecast > most) return `(${gigabytes(forecast)})`;
  const script = fileURLToPath(import.meta.url);
  const { stdout, stderr } = spawnSync(process.execPath, [script, '--child', what, '--only', name], {
    encoding: 'utf8',
  });
  if (stderr) throw new Error(stderr);
  return gigabytes(Number(stdout));
}

/** @param {string} name */
function row(name) {
  const [plain, again] = [false, true].map((recompute) => trainingCost(configOf(name, recompute), compute).memory);
  return [
    name,
    gigabytes(plain),
    peak(name, 'plain', plain),
    gigabytes(again),
    peak(name, 'recompute', again),
    peak(name, 'sample', again),
  ];
}

if (typeof child === 'string') await measure(String(only), child);
else {
  console.log(machine());
  const chosen = presets.filter((name) => only === undefined || name === only);
  table([
    ['preset', 'forecast GB', 'peak GB', 'forecast, recompute', 'peak, recompute', 'peak, sampling'],
    ...chosen.map(row),
  ]);
}
