// @ts-check
// One network against PyTorch: node bench/gpu/race.mjs --task train|sample --network NAME --device cuda --dtype bfloat16
// As trainingStep.mjs and sampling.mjs, but all contestants start at once, and what is ready in time takes part.
import { setTimeout } from 'node:timers/promises';
import { passFlops, totalOf } from '../../packages/rin/dist/src/model/flops.js';
import { trainingFlops } from '../../packages/rin/dist/src/training/passes.js';
import { ours, theirs } from '../contestants.mjs';
import { median } from '../machine.mjs';
import { given, record, setupOf } from './setups.mjs';

const task = given.task === 'sample' ? 'sample' : 'train';
const setup = setupOf(given.network, task);
/** Seconds that gpu.sh gives this race. */
const limit = Number(process.env.STAGE_LIMIT ?? 90);
/** Seconds to wait for a contestant, and to measure. */
const [patience, length] = given.tiny ? [500, 0] : [Math.max(8, Math.min(50, limit - 32)), 12];
const turn = { train: given.tiny ? 1 : 10, sample: 1 }[task];

/** @type {[string, () => Promise<import('../contestants.mjs').Contestant>][]} */
const entries = [
  ['rin', async () => ours(setup)],
  ['PyTorch, eager', () => theirs({ ...setup, kind: 'plain' })],
  ['PyTorch, compiled', () => theirs({ ...setup, kind: 'plain', compile: given.tiny ? true : 'max-autotune' })],
];

/** @type {{ name: string, contestant?: import('../contestants.mjs').Contestant, times: number[], memory: number, why?: string }[]} */
const all = await Promise.all(
  entries.map(async ([name, start]) => {
    const one = { name, times: /** @type {number[]} */ ([]), memory: 0 };
    const contestant = await start();
    const stop = new AbortController();
    try {
      const late = setTimeout(patience * 1000, undefined, { signal: stop.signal }).then(() => {
        throw new Error(`not ready after ${patience} s`);
      });
      await Promise.race([contestant.ready(), late]);
      return { ...one, contestant };
    } catch (error) {
      contestant.end();
      return { ...one, why: error instanceof Error ? error.message : String(error) };
    } finally {
      stop.abort();
    }
  }),
);

const end = performance.now() + length * 1000;
let rounds = 0;
do {
  for (const one of all) {
    if (!one.contestant) continue;
    try {
      const { seconds, memory } = await one.contestant.run(turn);
      one.times.push(median(seconds));
      one.memory = memory;
    } catch (error) {
      one.why = error instanceof Error ? error.message : String(error);
      one.contestant = undefined;
    }
  }
  rounds++;
} while (performance.now() < end);
for (const { contestant } of all) contestant?.end();

const { config, count } = setup;
const { first, forward, backward, recompute } = trainingFlops(config);
const { steps } = config.sampling;
const perPicture =
  task === 'train' ? first + forward + backward + recompute : steps * totalOf(passFlops(config.model).pass);
const race = {
  ...{ task, network: given.network, dtype: setup.dtype, count, steps, rounds },
  gflop: (count * perPicture) / 1e9,
  contestants: all.map(({ name, times, memory, why }) =>
    why === undefined ? { name, ms: median(times) * 1000, memory } : { name, why },
  ),
};
console.log(JSON.stringify(race));
record((results) => {
  results.races = [...(results.races ?? []), race];
});
if (all[0].why !== undefined) process.exitCode = 1;
