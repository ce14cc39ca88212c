// Compares time and memory of sampling with PyTorch: node bench/sampling.mjs
//   --network emoji-64 (a preset with square pictures)   --count 64 (pictures at once)   --steps 33   --threads (all)
//   --rounds 5
// PyTorch runs `sample` of examples/pytorch/rin.py in inference mode, with the same network, sampler and number of steps.
import { runtime } from '@rin/torch';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { ours, race, theirs } from './contestants.mjs';
import { flags, machine } from './machine.mjs';

const { network, ...counts } = flags({
  network: { type: 'string', default: 'emoji-64' },
  count: { type: 'string', default: '64' },
  steps: { type: 'string', default: '33' },
  threads: { type: 'string', default: String(runtime().threads) },
  rounds: { type: 'string', default: '5' },
});
const [count, steps, threads, rounds] = [counts.count, counts.steps, counts.threads, counts.rounds].map(Number);
const config = loadPreset(network, { sampling: { steps } });
const setup = { task: 'sample', config, threads, count };

console.log(
  `${count} pictures of ${config.model.size}² by ${network}, ${steps} steps of ${config.sampling.sampler}, float32`,
);
console.log(machine(threads));
await race({ rounds, steps: 1, pictures: count }, [
  ['rin', () => ours(setup)],
  ['PyTorch eager', () => theirs({ ...setup, kind: 'plain' })],
  ['PyTorch compiled', () => theirs({ ...setup, kind: 'plain', compile: true })],
]);
