// rin's side of trainingStep.mjs and sampling.mjs. The protocol is in contestants.mjs.
import { createInterface } from 'node:readline';
import { memory, runtime, setThreads } from '@rin/torch';
import { parseConfig } from '../packages/rin/dist/src/config/parse.js';
import { sample } from '../packages/rin/dist/src/diffusion/sample.js';
import { RIN } from '../packages/rin/dist/src/model/rin.js';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { syntheticBatch } from './syntheticBatch.mjs';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
};
const answer = (/** @type {object} */ line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { task, dtype = 'float32', device = 'cpu', threads, count, ...given } = await next();
const place = device === 'cuda' ? 'cuda:0' : device;
const config = parseConfig(given.config, 'benchmark');
const meanSquare = 1 / 3;
setThreads(threads);

function sampling() {
  const model = { config, network: new RIN(config.model).to(place).to(dtype), classes: [], meanSquare };
  const parameters = Object.values(model.network.parameters()).reduce((sum, { size }) => sum + size, 0);
  const seeds = Array.from({ length: count }, (_, i) => i);
  return { parameters, step: () => sample(model, { seeds, batch: count }) };
}

function training() {
  const { batch } = config.training;
  const learner = new Learner(config, meanSquare, { device: place, dtype });
  const data = syntheticBatch(config);
  let updates = 0;
  const { parameterCount: parameters } = learner;
  return { parameters, step: () => learner.update(data, updates * batch, updates++) };
}

const { parameters, step } = { train: training, sample: sampling }[/** @type {'train' | 'sample'} */ (task)]();
for (let i = 0; i < (task === 'sample' ? 1 : 2); i++) await step(); // warm-up: memory is allocated, code compiled
answer({ parameters, version: runtime().version });
for (let line = await next(); line !== undefined; line = await next()) {
  const [seconds, cpu] = [[], []];
  for (let i = 0; i < line.steps; i++) {
    const [begin, before] = [performance.now(), process.cpuUsage()];
    await step();
    seconds.push((performance.now() - begin) / 1000);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1e6);
  }
  const reserved = memory(place).device?.reserved;
  const peak = reserved === undefined ? process.resourceUsage().maxRSS / 1024 : reserved / 2 ** 20;
  answer({ seconds, cpu, memory: peak });
}
