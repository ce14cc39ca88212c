// How long a training step takes, beside PyTorch's: node bench/trainingStep.mjs [--network benchmark]
//   --network   a preset with square pictures     --batch 32    --threads (all)    --rounds 7    --steps 2 (in a turn)
//   --only      of the others those with this in their name, such as float32
// Ours is the step that `rin train` makes; the others are described in bench/peer.py. All train with AdamW and otherwise as
// the preset says.
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

/** @type {Parameters<typeof race>[1]} */
const entries = ['float32', 'bfloat16'].flatMap((dtype) => {
  /** @type {import('./contestants.mjs').Setup} */
  const setup = { task: 'train', config, threads, dtype };
  return [
    [`rin, ${dtype}`, () => ours(setup)],
    [`PyTorch eager, ${dtype}`, () => theirs({ ...setup, kind: 'plain' })],
    [`PyTorch compiled, ${dtype}`, () => theirs({ ...setup, kind: 'plain', compile: true })],
    [`rin-pytorch, ${dtype}`, () => theirs({ ...setup, kind: 'peer' })],
  ];
});

console.log(
  `A training step of ${network}: ${batch} pictures of ${config.model.size}², self-conditioning at rate ${selfConditioningRate}`,
);
console.log(machine(threads));
await race(
  { rounds, steps, pictures: batch },
  entries.filter(([name], i) => i === 0 || name.includes(only)),
);
