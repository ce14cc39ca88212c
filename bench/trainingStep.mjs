// Compares the time of a training step with PyTorch: node bench/trainingStep.mjs
//   --network benchmark (a preset of pictures or clips)   --batch 32   --threads (all)   --rounds 7   --steps 2 (for each turn)
//   --only TEXT,…   only contestants with one of these texts in their name, such as float32
// rin makes the step of `rin train`. bench/peer.py describes the others; rin-pytorch takes
// square pictures only. All train with AdamW, and otherwise as in the preset.
import { runtime } from '@rin/torch';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { ours, race, theirs } from './contestants.mjs';
import { flags, machine } from './machine.mjs';

const { network, only, ...counts } = flags({
  network: { type: 'string', default: 'benchmark' },
  only: { type: 'string', default: '' },
  batch: { type: 'string', default: '32' },
  threads: { type: 'string', default: String(runtime().threads) },
  rounds: { type: 'string', default: '7' },
  steps: { type: 'string', default: '2' },
});
const [batch, threads, rounds, steps] = [counts.batch, counts.threads, counts.rounds, counts.steps].map(Number);
const config = loadPreset(network, { training: { batch, optimizer: { kind: 'adamw' }, learningRate: 1e-4 } });
const { selfConditioningRate } = config.diffusion;
const { size } = config.model;
const square = !Array.isArray(size);

/** @type {Parameters<typeof race>[1]} */
const entries = ['float32', 'bfloat16'].flatMap((dtype) => {
  /** @type {import('./contestants.mjs').Setup} */
  const setup = { task: 'train', config, threads, dtype };
  return [
    [`rin, ${dtype}`, () => ours(setup)],
    [`PyTorch eager, ${dtype}`, () => theirs({ ...setup, kind: 'plain' })],
    [`PyTorch compiled, ${dtype}`, () => theirs({ ...setup, kind: 'plain', compile: true })],
    ...(square ? [[`rin-pytorch, ${dtype}`, () => theirs({ ...setup, kind: 'peer' })]] : []),
  ];
});

console.log(
  `A training step of ${network}: ${batch} samples of ${square ? `${size}²` : size.join('×')}, self-conditioning at rate ${selfConditioningRate}`,
);
console.log(machine(threads));
await race(
  { rounds, steps, pictures: batch },
  entries.filter(([name], i) => i === 0 || only.split(',').some((text) => name.includes(text))),
);
