// @ts-check
// Trains a small classifier with @rin/torch and with PyTorch from Python, alone and next to busy processes:
//   node bench/gentleness.mjs, after a build.
//   --busy 0,2     numbers of processes that keep a core busy
//   --rounds 3     each contestant trains two epochs by turns
//   --pictures 1024
// Both run as they come, and with OMP_NUM_THREADS=1. classifier.mjs and classifier.py have the network.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spinCount } from '../packages/torch/dist/src/native.js';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { beside } from './busy.mjs';
import { Contestant, libgompSpins } from './contestants.mjs';
import { flags, machine, median, table } from './machine.mjs';

const given = flags({
  busy: { type: 'string', default: '0,2' },
  rounds: { type: 'string', default: '3' },
  pictures: { type: 'string', default: '1024' },
});
const rounds = Number(given.rounds);
const pictures = Number(given.pictures);
const [classes, side, epochs] = [10, 28, 2];

const folder = mkdtempSync(join(tmpdir(), 'rin-gentleness-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const path = join(folder, 'pictures');
writeFileSync(path, drawings());
const setup = { path, pictures, classes, side, batch: 64, learningRate: 0.05 };
const python = await ensurePython({ log: createLog() });
const oneThread = { OMP_NUM_THREADS: '1' };
const ours = (/** @type {Record<string, string>} */ variables = {}) =>
  new Contestant(process.execPath, 'classifier.mjs', setup, spinCount, variables);
const theirs = (/** @type {Record<string, string>} */ variables = {}) =>
  new Contestant(python, 'classifier.py', setup, libgompSpins, variables);
const contestants = {
  '@rin/torch': ours(),
  '@rin/torch, OMP_NUM_THREADS=1': ours(oneThread),
  'PyTorch, as it comes': theirs(),
  'PyTorch, OMP_NUM_THREADS=1': theirs(oneThread),
};

console.log(`Two epochs of a small classifier: ${pictures} pictures of ${side}×${side}, batch ${setup.batch}`);
console.log(machine());
try {
  for (const contestant of Object.values(contestants)) await contestant.ready();
  for (const busy of given.busy.split(',').map(Number)) {
    const all = await beside(busy, turns);
    table([
      [`next to ${busy} busy`, 'seconds', 'fastest', 'slowest', '÷ @rin/torch', 'right'],
      ...all.map(({ name, seconds, right }) => [
        name,
        ...[median(seconds), Math.min(...seconds), Math.max(...seconds)].map((time) => time.toFixed(2)),
        median(seconds.map((time, round) => time / all[0].seconds[round])).toFixed(2), // by round: other load slows all of it
        `${(100 * right).toFixed(0)} %`,
      ]),
    ]);
  }
} finally {
  for (const contestant of Object.values(contestants)) contestant.end();
}
console.log(`Medians of ${rounds} rounds.`);

/** The seconds of two epochs in each round, by contestant, and the share of the pictures that it then knows. */
async function turns() {
  const all = Object.entries(contestants).map(([name, contestant]) => ({
    name,
    contestant,
    seconds: /** @type {number[]} */ ([]),
    right: 0,
  }));
  for (let round = 0; round < rounds; round++) {
    for (const one of all) {
      const { seconds, right = 0 } = await one.contestant.run(epochs);
      one.seconds.push(seconds.reduce((sum, time) => sum + time, 0));
      one.right = right;
    }
  }
  return all;
}

/** Bars whose direction is the class, with noise. Picture i has class i mod `classes`. */
function drawings() {
  const pixels = new Float32Array(pictures * side * side);
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < pictures; i++) {
    const angle = (Math.PI * (i % classes)) / classes;
    const shift = 8 * (random() - 0.5);
    for (let at = 0; at < side * side; at++) {
      const [x, y] = [(at % side) - side / 2, Math.floor(at / side) - side / 2];
      const distance = Math.abs(x * Math.sin(angle) - y * Math.cos(angle) - shift);
      pixels[i * side * side + at] = (distance < 2 ? 1 : 0) + random() - 0.5;
    }
  }
  return pixels;
}
