// Compares a training step with the operators that the addon computes itself, and with libtorch's: node bench/ownKernels.mjs
//   --network emoji-64   --dtype float32   --batch 16   --threads 1   --rounds 9
//   --operator aten::scaled_dot_product_attention   only this one of them
// Both take turns in one process. The time is that of the processor, which other programs change least.
import { setThreads } from '@rin/torch';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { native } from '../packages/torch/dist/src/native.js';
import { flags, machine, median, table } from './machine.mjs';
import { syntheticBatch } from './syntheticBatch.mjs';

const { network, operator, ...given } = flags({
  network: { type: 'string', default: 'emoji-64' },
  operator: { type: 'string' },
  dtype: { type: 'string', default: 'float32' },
  batch: { type: 'string', default: '16' },
  threads: { type: 'string', default: '1' },
  rounds: { type: 'string', default: '9' },
});
const [batch, threads, rounds] = [given.batch, given.threads, given.rounds].map(Number);
const dtype = given.dtype === 'bfloat16' ? 'bfloat16' : 'float32';
const all = ['aten::conv3d', 'aten::scaled_dot_product_attention'];
const operators = operator === undefined ? all : [operator];
setThreads(threads);
const config = loadPreset(network, { training: { batch } });
const learner = new Learner(config, 1 / 3, { device: 'cpu', dtype });
const data = syntheticBatch(config);

/** Milliseconds of each step. @type {{ own: number[], libtorch: number[] }} */
const times = { own: [], libtorch: [] };
for (let round = -1; round < rounds; round++) {
  for (const side of /** @type {const} */ (round % 2 === 0 ? ['own', 'libtorch'] : ['libtorch', 'own'])) {
    for (const each of operators) native.setReplacement(each, side === 'own');
    const before = process.cpuUsage();
    await learner.update(data, (round + 1) * batch, round + 1);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times[side].push((user + system) / 1000);
  }
}
console.log(`A training step of ${network}, ${batch} samples, ${dtype}; ${operators.join(', ')}`);
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
