// @ts-check
// Measures how long libgomp's threads should spin while they wait for each other: node bench/waitingThreads.mjs, after a build.
//   --task train | sample     --network emoji-64     --threads (all)     --rounds 7
//   --spins 1000,2000,3000,4500,6000,300000   values of GOMP_SPINCOUNT; the others are compared with the last one
// It runs a step with each value by turns: alone, and next to 1 and 3 processes that keep a core busy. libgomp's default is
// 300,000. packages/torch/src/native.ts has the value that @rin/torch sets.
import { runtime } from '@rin/torch';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { beside } from './busy.mjs';
import { libgompSpins, ours } from './contestants.mjs';
import { flags, machine, median, table } from './machine.mjs';

const given = flags({
  task: { type: 'string', default: 'train' },
  network: { type: 'string', default: 'emoji-64' },
  threads: { type: 'string', default: String(runtime().threads) },
  rounds: { type: 'string', default: '7' },
  spins: { type: 'string', default: `1000,2000,3000,4500,6000,${libgompSpins}` },
});
const { network } = given;
const task = given.task === 'sample' ? 'sample' : 'train';
const [threads, rounds] = [Number(given.threads), Number(given.rounds)];
const steps = task === 'train' ? 3 : 1;
const config = loadPreset(network, {
  training: { batch: 32, optimizer: { kind: 'adamw' }, learningRate: 1e-4 },
  sampling: { steps: 10 },
});

const contestants = given.spins
  .split(',')
  .map((spins) => ours({ task, config, threads, dtype: 'float32', count: 64, spins }));
console.log(task === 'train' ? `A training step of ${network}, batch 32` : `64 pictures of ${network}, 10 steps`);
console.log(machine(threads));
try {
  for (const contestant of contestants) await contestant.ready();
  for (const busy of [0, 1, 3]) {
    const milliseconds = await beside(busy, () => turns());
    const last = milliseconds[milliseconds.length - 1];
    table([
      [`next to ${busy} busy`, 'ms', 'fastest', 'slowest', `÷ ${contestants[contestants.length - 1].spins}`],
      ...milliseconds.map((times, i) => [
        contestants[i].spins,
        ...[median(times), Math.min(...times), Math.max(...times)].map((time) => time.toFixed(0)),
        median(times.map((time, round) => time / last[round])).toFixed(3), // by round, because other load slows the whole round
      ]),
    ]);
  }
} finally {
  for (const contestant of contestants) contestant.end();
}
console.log(`Medians of ${rounds} rounds of ${steps === 1 ? 'one' : steps}.`);

/** The median time of each round in ms, by contestant. */
async function turns() {
  const milliseconds = contestants.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const { seconds } = await contestant.run(steps);
      milliseconds[i].push(1000 * median(seconds));
    }
  }
  return milliseconds;
}
