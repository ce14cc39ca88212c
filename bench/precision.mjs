// Compares bfloat16 with float32: two trainings from the same seed, side by side: node bench/precision.mjs
//   --network emoji-64 (a preset)   --data emoji   --updates 2000   --batch 32
// Both get the same pictures, times and noise. Each row is the mean training loss over a twentieth of the updates.

import { Loader } from '../packages/rin/dist/src/data/loader.js';
import { openDataset } from '../packages/rin/dist/src/data/open.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { flags, machine, table } from './machine.mjs';

const {
  network,
  data: source,
  ...counts
} = flags({
  network: { type: 'string', default: 'emoji-64' },
  data: { type: 'string', default: 'emoji' },
  updates: { type: 'string', default: '2000' },
  batch: { type: 'string', default: '32' },
});
const [updates, batch] = [counts.updates, counts.batch].map(Number);
const config = loadPreset(network, {
  training: { batch, images: updates * batch, warmup: Math.floor(updates / 20) * batch },
});
const { size, channels } = config.model;
const dataset = await openDataset(source, { size, channels, data: config.data });
const loader = new Loader(dataset, { seed: config.seed, batch, flip: config.data.flip });
const learners = /** @type {const} */ (['float32', 'bfloat16']).map((dtype) => ({
  learner: new Learner(config, dataset.meanSquare, { device: 'cpu', dtype }),
  losses: /** @type {number[]} */ ([]),
}));

console.log(
  `${network}, ${updates} updates of ${batch} pictures of ${dataset.name}, ${config.training.optimizer.kind}`,
);
console.log(machine());
for (let update = 0; update < updates; update++) {
  const pictures = await loader.next(update * batch);
  for (const { learner, losses } of learners) {
    losses.push((await learner.update(pictures, update * batch, update)).loss);
  }
}
await loader.close();
await dataset.close();

const part = Math.ceil(updates / 20);
const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** @type {(string | number)[][]} */
const rows = [['updates', 'float32', 'bfloat16', 'ratio']];
for (let begin = 0; begin < updates; begin += part) {
  const [single, half] = learners.map(({ losses }) => mean(losses.slice(begin, begin + part)));
  rows.push([
    `${begin + 1}–${Math.min(begin + part, updates)}`,
    single.toFixed(4),
    half.toFixed(4),
    (half / single).toFixed(3),
  ]);
}
table(rows);
