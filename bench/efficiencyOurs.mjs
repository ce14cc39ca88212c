// @ts-check
// rin's side of efficiency.mjs: one network at one size, with one sample. The protocol is in efficiency.py.
import { text } from 'node:stream/consumers';
import { lengthOf } from '@rin/core';
import { empty, noGrad, runtime, scope, setThreads } from '@rin/torch';
import { parseConfig } from '../packages/rin/dist/src/config/parse.js';
import { conditionOf } from '../packages/rin/dist/src/diffusion/condition.js';
import { inspect, RIN } from '../packages/rin/dist/src/index.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { trainingCost } from '../packages/rin/dist/src/training/resources/cost.js';

const setup = JSON.parse(await text(process.stdin));
const { threads, rounds, limit } = setup;
const config = parseConfig(setup.config, 'benchmark');
const compute = /** @type {const} */ ({ device: 'cpu', dtype: 'float32' });
setThreads(threads);
const answer = (/** @type {object} */ line) => console.log(JSON.stringify(line));
const peak = () => 1024 * process.resourceUsage().maxRSS;

/** @param {() => unknown} act */
async function timed(act) {
  await act(); // memory is allocated and code compiled
  const seconds = [];
  for (let i = 0; i < rounds; i++) {
    const begin = performance.now();
    await act();
    seconds.push((performance.now() - begin) / 1000);
  }
  return seconds;
}

const { parameters, passFlops: flops, activations } = inspect(config);
const forecast = trainingCost(config, compute).memory;
answer({ parameters, flops, activations: activations.kept, forecast, version: runtime().version });

if (rounds > 0 && 4 * parameters <= limit) {
  const network = new RIN(config.model);
  const { shape, predicted, givenFrames } = network.sample;
  const given = givenFrames > 0 ? [1, shape[0], givenFrames, ...shape.slice(2)] : undefined;
  const blank = (/** @type {readonly number[]} */ sides) => empty([...sides]).fill_(0);
  const forward = () =>
    scope(() =>
      noGrad(() => {
        const condition = conditionOf(network, { labels: Int32Array.of(0) });
        const options = { ...(condition && { condition }), ...(given && { given: blank(given) }) };
        network.forward(blank([1, ...predicted]), [1], options);
      }),
    );
  answer({ forward: await timed(forward), forwardMemory: peak() });
  for (const tensor of Object.values(network.parameters())) tensor.dispose();
}

if (rounds > 0 && forecast <= limit) {
  const learner = new Learner(config, 1 / 3, compute);
  const { shape } = new RIN(config.model, { seed: null }).sample;
  const labels = Int32Array.of(config.model.classes > 0 ? 0 : -1);
  const batch = { pixels: new Uint8Array(lengthOf(shape)).fill(128), labels };
  let updates = 0;
  answer({ step: await timed(() => learner.update(batch, updates, updates++)), memory: peak() });
}
