// Compares a training step, or sampling, with the operators that the addon computes itself, and with libtorch's:
// node bench/ownKernels.mjs
//   --network emoji-64   --task train (or sample)   --dtype float32   --batch 16   --threads 1   --rounds 9
//   --operator rin::linear_gelu,aten::layer_norm   only these of them
//   --steps 4            steps of the sampler
// Both take turns in one process. The time is that of the processor, which other programs change least.
import { setThreads } from '@rin/torch';
import { sample } from '../packages/rin/dist/src/diffusion/sample.js';
import { RIN } from '../packages/rin/dist/src/model/rin.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { native } from '../packages/torch/dist/src/native.js';
import { flags, machine, median, table } from './machine.mjs';
import { syntheticBatch } from './syntheticBatch.mjs';

const { network, task, operator, ...given } = flags({
  network: { type: 'string', default: 'emoji-64' },
  task: { type: 'string', default: 'train' },
  operator: { type: 'string' },
  dtype: { type: 'string', default: 'float32' },
  batch: { type: 'string', default: '16' },
  steps: { type: 'string', default: '4' },
  threads: { type: 'string', default: '1' },
  rounds: { type: 'string', default: '9' },
});
const [batch, steps, threads, rounds] = [given.batch, given.steps, given.threads, given.rounds].map(Number);
const dtype = given.dtype === 'bfloat16' ? 'bfloat16' : 'float32';
const all = [
  'aten::conv3d',
  'aten::scaled_dot_product_attention',
  'aten::layer_norm',
  'aten::reshape',
  'rin::convolution',
  'aten::linear',
  'rin::linear_gelu',
  'rin::linear_added',
];
const operators = operator === undefined ? all : operator.split(',');
setThreads(threads);
const config = loadPreset(network, { training: { batch }, sampling: { steps } });

function training() {
  const learner = new Learner(config, 1 / 3, { device: 'cpu', dtype });
  const data = syntheticBatch(config);
  return (/** @type {number} */ round) => learner.update(data, round * batch, round);
}

function sampling() {
  const model = { config, network: new RIN(config.model).to(dtype), classes: [], meanSquare: 1 / 3 };
  const seeds = Array.from({ length: batch }, (_, i) => i);
  return () => sample(model, { seeds, batch });
}

const run = task === 'sample' ? sampling() : training();
/** Milliseconds of each turn. @type {{ own: number[], libtorch: number[] }} */
const times = { own: [], libtorch: [] };
for (let round = -1; round < rounds; round++) {
  for (const side of /** @type {const} */ (round % 2 === 0 ? ['own', 'libtorch'] : ['libtorch', 'own'])) {
    for (const each of operators) native.setReplacement(each, side === 'own');
    const before = process.cpuUsage();
    await run(round + 1);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times[side].push((user + system) / 1000);
  }
}
const what = task === 'sample' ? `Sampling with ${network}, ${steps} steps` : `A training step of ${network}`;
console.log(`${what}, ${batch} samples, ${dtype}; ${operators.join(', ')}`);
console.log(machine(threads));
table([
  ['CPU ms', 'median', 'fastest', 'libtorch ÷ own'],
  ...Object.entries(times).map(([side, each]) => [
    side,
    median(each).toFixed(0),
    Math.min(...each).toFixed(0),
    median(times.libtorch.map((time, i) => time / (side === 'own' ? times.own[i] : time))).toFixed(2),
  ]),
]);
