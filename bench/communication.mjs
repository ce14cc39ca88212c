// @ts-check
// The cost of communication of data parallel training: `node bench/communication.mjs`, after a build. It trains on synthetic samples
// in two processes of this machine, and times the sum of gradients in each update: first the wait for the slower process, then the
// transfer. Then it says what a ring of 8 and 64 processes costs with the `--bandwidth` of a network, in Gbit/s (default: 10).
//
//     --preset NAME   network (default: emoji-64)        --batch N   images of an update on each process (default: 16)
//     --steps N       updates that are timed (default: 5)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setThreads } from '@rin/torch';
import { loadPreset } from '../packages/rin/dist/src/index.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { presetNamed } from '../packages/rin/dist/src/training/presets.js';
import { joinRanks, shareOf } from '../packages/rin/dist/src/training/ranks.js';
import { flags, machine, median, table } from './machine.mjs';
import { syntheticBatch } from './syntheticBatch.mjs';

const given = flags({
  preset: { type: 'string', default: 'emoji-64' },
  batch: { type: 'string', default: '16' },
  steps: { type: 'string', default: '5' },
  bandwidth: { type: 'string', default: '10' },
});
const [each, steps, gigabits] = [given.batch, given.steps, given.bandwidth].map(Number);
const processes = 2;

if (process.env.RANK === undefined) await launch();
else await measure();

async function launch() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  const children = Array.from({ length: processes }, (_, rank) => {
    const env = { ...process.env, RANK: `${rank}`, WORLD_SIZE: `${processes}`, MASTER_ADDR: '127.0.0.1' };
    const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
    return spawn(process.execPath, args, { env: { ...env, MASTER_PORT: `${port}` }, stdio: 'inherit' });
  });
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  process.exitCode = codes.find((code) => code !== 0) ?? 0;
}

async function measure() {
  setThreads(1);
  const ranks = await joinRanks();
  const batch = each * ranks.count;
  const training = { batch, microBatch: each, precision: /** @type {const} */ ('float32') };
  const config = loadPreset(presetNamed(given.preset), { training });
  /** @type {{ wait: number, transfer: number }} */
  const spent = { wait: 0, transfer: 0 };
  const timed = Object.assign(Object.create(ranks), {
    rank: ranks.rank,
    count: ranks.count,
    localRank: ranks.localRank,
    total: (/** @type {number[]} */ numbers) => ranks.total(numbers),
    sum: async (/** @type {import('@rin/torch').Tensor[]} */ tensors) => {
      const begin = performance.now();
      await ranks.total([0]); // the slower process is here now
      const met = performance.now();
      await ranks.sum(tensors);
      spent.wait += met - begin;
      spent.transfer += performance.now() - met;
    },
  });
  const learner = new Learner(config, 1 / 3, { device: 'cpu', dtype: 'float32' }, timed);
  const [from, to] = shareOf(batch, ranks);
  const samples = syntheticBatch(
    loadPreset(presetNamed(given.preset), { training: { ...training, batch: to - from, microBatch: to - from } }),
  );
  /** @type {{ step: number, wait: number, transfer: number }[]} */
  const found = [];
  for (let update = -2; update < steps; update++) {
    [spent.wait, spent.transfer] = [0, 0];
    const begin = performance.now();
    await learner.update(samples, Math.max(0, update) * batch, Math.max(0, update));
    if (update >= 0) found.push({ ...spent, step: performance.now() - begin });
  }
  if (ranks.rank === 0) report(learner.parameterCount, found);
  await ranks.close();
}

/** @param {number} parameters @param {{ step: number, wait: number, transfer: number }[]} found  ms of each update */
function report(parameters, found) {
  const [step, wait, transfer] = [
    median(found.map(({ step }) => step)),
    median(found.map(({ wait }) => wait)),
    median(found.map(({ transfer }) => transfer)),
  ];
  const bytes = 4 * parameters;
  const compute = step - wait - transfer;
  console.log(machine(1));
  console.log(
    `${given.preset}, ${each} images on each process, gradients of ${(bytes / 1e6).toFixed(1)} MB, median of ${steps} updates`,
  );
  console.log(
    `2 processes here: ${step.toFixed(0)} ms an update, of which ${wait.toFixed(0)} ms wait for the slower one and ` +
      `${transfer.toFixed(1)} ms transfer (${((100 * transfer) / step).toFixed(1)} %)`,
  );
  console.log(
    `\nWith ${gigabits} Gbit/s between machines, one process on each, and the ${compute.toFixed(0)} ms of computing measured here:`,
  );
  // A ring sends and receives 2·(N − 1)/N times the gradients (Patarasuk and Yuan, 2009).
  const rows = [2, 8, 64].map((count) => {
    const ms = (((2 * (count - 1)) / count) * bytes * 8) / gigabits / 1e6;
    return [
      count,
      ms.toFixed(1),
      `${((100 * ms) / (ms + compute)).toFixed(1)} %`,
      ((count * compute) / (ms + compute)).toFixed(1),
    ];
  });
  table([['processes', 'transfer, ms', 'share of the update', 'times as fast'], ...rows]);
}
