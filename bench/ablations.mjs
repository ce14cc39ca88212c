// @ts-check
// What each part of a RIN does to its loss and its pictures, as in the ablations of the paper: node bench/ablations.mjs
//   --data cifar10   the folder with train.tar and test.tar, or `emoji`, the built-in pictures (without held-out ones)
//   --folder runs/ablations   runs and results; the same command goes on where it ended
//   --images 20000 (of each training)   --seeds 3   --count 500 (drawn pictures)   --held 1000 (pictures of the losses)
//   --groups REGEXP   only the groups with such a name   --optimizers muon,lamb   --threads 1
//   --charts FOLDER   draws a chart of each group   --page FILE   writes the tables into a page, with the charts
//
// Each group changes one thing of a small network and leaves the rest. All see the same pictures of a seed in the same order.
//   loss by level   error of x̂₀ on held-out pictures at seven noise levels (lossByLevel.mjs), warm-started twice where
//                   something is carried, as in the middle of a sampling
//   distances       of drawn pictures to the data, by pictureDistances.mjs; the floor is that of as many held-out pictures
// Each number is the mean over the seeds ± the largest distance of a seed from it.
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setThreads } from '@rin/torch';
import { inspect, loadModel, loadPreset, openDataset, samples, train } from '../packages/rin/dist/src/index.js';
import { ablationsChart } from './ablationsChart.mjs';
import { lossByLevel, signalLevels } from './lossByLevel.mjs';
import { flags, machine, table } from './machine.mjs';
import { markdownTable, writeBetween } from './page.mjs';
import { PictureMoments } from './pictureDistances.mjs';
import { Results } from './results.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/cifar10' },
  folder: { type: 'string', default: 'runs/ablations' },
  images: { type: 'string', default: '20000' },
  seeds: { type: 'string', default: '3' },
  count: { type: 'string', default: '500' },
  held: { type: 'string', default: '1000' },
  groups: { type: 'string', default: '' },
  optimizers: { type: 'string', default: 'muon,lamb' },
  threads: { type: 'string', default: '1' },
  charts: { type: 'string' },
  page: { type: 'string' },
});
const [images, seeds, count, held, threads] = [given.images, given.seeds, given.count, given.held, given.threads].map(
  Number,
);
const folder = String(given.folder);
const isBuiltIn = given.data === 'emoji';
const classes = isBuiltIn ? 7 : 10;
setThreads(threads);

/** The paper's optimiser and ours, each with its own rates. */
const optimizers = {
  muon: {
    optimizer: { kind: 'muon', momentum: 0.95, newtonSchulzSteps: 4, adamRate: 2e-3, beta1: 0.9, beta2: 0.95 },
    ...{ learningRate: 4e-3, weightDecay: 0.01 },
  },
  lamb: {
    optimizer: { kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ...{ learningRate: 3e-3, weightDecay: 0.01 },
  },
};

const base = {
  ...{ size: 32, patch: 4, channels: 3, classes, latents: 32, latentDim: 64, latentHeads: 4, interfaceDim: 64 },
  ...{ interfaceMlpRatio: 2, readWriteHeads: 4, depth: [2, 2, 2], interfacePosition: 'sinCosPlusLearned' },
  ...{ zeroReadout: true, convolutionKernel: 0, selfConditioning: 'latents' },
};
const process = {
  ...{ prediction: 'x', loss: 'x', schedule: { kind: 'cosine', start: 0, end: 1, tau: 1 }, timeSampling: 'stratified' },
  ...{ inputScale: 1, normalizeInput: 'none', selfConditioningRate: 0.9, labelDropout: 0.1 },
};
const scaled = { inputScale: 0.5, normalizeInput: 'expected' };
const sigmoid = { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 };

/**
 * Group → row → changes of the sections `model` and `diffusion`. Empty changes are the network of all groups. The networks of
 * "reads and writes" have equal operations, to 5 %.
 * @type {Record<string, Record<string, { model?: object, diffusion?: object }>>}
 */
const groups = {
  'self-conditioning rate': {
    0: { diffusion: { selfConditioningRate: 0 }, model: { selfConditioning: 'none' } },
    0.5: { diffusion: { selfConditioningRate: 0.5 } },
    0.9: {},
  },
  carried: {
    latents: {},
    interface: { model: { selfConditioning: 'interface' } },
    both: { model: { selfConditioning: 'both' } },
    data: { model: { selfConditioning: 'data' } },
  },
  schedule: {
    cosine: {},
    sigmoid: { diffusion: { schedule: sigmoid } },
    'linear, b = 0.5': { diffusion: { schedule: { kind: 'linear' }, ...scaled } },
    'cosine, b = 0.5': { diffusion: scaled },
  },
  prediction: {
    x: {},
    eps: { diffusion: { prediction: 'eps', loss: 'eps' } },
    v: { diffusion: { prediction: 'v', loss: 'v' } },
  },
  'reads and writes': {
    '4 blocks of 1': { model: { depth: [1, 1, 1, 1] } },
    '3 blocks of 2': {},
    '2 blocks of 5 and 4': { model: { depth: [5, 4] } },
    '1 block of 11, as PerceiverIO': { model: { depth: [11] } },
  },
  latents: {
    8: { model: { latents: 8 } },
    16: { model: { latents: 16 } },
    32: {},
    64: { model: { latents: 64 } },
  },
};

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) globalThis.process.once(name, () => stop.abort());
console.log(machine(threads));

/** The configuration of a training. @param {{ model?: object, diffusion?: object }} change @param {string} optimizer @param {number} seed */
const configOf = (change, optimizer, seed) =>
  loadPreset('cifar10-small', {
    ...{ name: 'ablation', seed },
    model: { ...base, ...change.model },
    diffusion: { ...process, ...change.diffusion },
    data: { flip: !isBuiltIn },
    training: {
      ...{ images, threads, batch: 32, warmup: '4%', clipNorm: 1, decay: { kind: 'cosine', rate: 1, flat: 0.4 } },
      ...{ sampleEvery: 0, checkpointEvery: '25%', precision: 'float32', ema: { kind: 'power', exponent: 13 } },
      ...optimizers[/** @type {keyof typeof optimizers} */ (optimizer)],
    },
    sampling: { sampler: 'dpm2mSde', steps: 25, guidance: 0, schedule: { kind: 'cosine', start: 0, end: 1, tau: 1 } },
  });

const trained = isBuiltIn ? 'emoji' : join(String(given.data), 'train.tar');
const opened = (/** @type {string} */ source) =>
  openDataset(source, { size: [32, 32], channels: 3, data: configOf({}, 'muon', 0).data });
const [data, heldOut] = [
  await opened(trained),
  await opened(isBuiltIn ? 'emoji' : join(String(given.data), 'test.tar')),
];
const heldCount = Math.min(held, heldOut.length);

/** Moments of pictures of a source. @param {import('../packages/rin/dist/src/index.js').Dataset} source @param {number} number */
function momentsOf(source, number) {
  const moments = new PictureMoments(3, [32, 32]);
  const pixels = new Uint8Array(3 * 32 * 32);
  for (let i = 0; i < number; i++) {
    source.read(Math.floor((i * source.length) / number), pixels);
    moments.add(pixels);
  }
  return moments;
}
const reals = momentsOf(data, Math.min(data.length, 10_000));

/** Numbers of a training: errors of all levels, then both distances. @type {Results<number[]>} */
const measurements = new Results(folder);

/** Ends the program if it was stopped. What was trained is saved. @param {unknown} error */
function leave(error) {
  if (!stop.signal.aborted) throw error;
  console.error('stopped; the same command goes on');
  globalThis.process.exit(130);
}

/** Trains a network and measures it, or finds what was measured. @param {object} change @param {string} optimizer @param {number} seed */
async function measured(change, optimizer, seed) {
  const config = configOf(change, optimizer, seed);
  const key = JSON.stringify([
    trained,
    config.model,
    config.diffusion,
    config.training,
    config.sampling,
    seed,
    count,
    heldCount,
  ]);
  const before = measurements.get(key);
  if (before) return before;
  const run = join(folder, createHash('sha256').update(key).digest('hex').slice(0, 12));
  const log = (/** @type {string} */ line) => console.error(line);
  await train({ config, data: trained, run, log, signal: stop.signal }).catch(leave);
  const model = await loadModel(run);
  const passes = model.network.carried.length > 0 ? 3 : 1;
  const errors = lossByLevel(model, heldOut, { first: 0, count: heldCount, passes });
  const drawn = new PictureMoments(3, [32, 32]);
  const picked = {
    seeds: Array.from({ length: count }, (_, i) => i),
    classes: Array.from({ length: classes }, (_, i) => i),
  };
  try {
    for await (const { image } of samples(model, { ...picked, batch: 100, signal: stop.signal })) drawn.add(image.data);
  } catch (error) {
    leave(error);
  }
  const numbers = measurements.set(key, [...errors, ...drawn.distances(reals)]);
  rmSync(run, { recursive: true });
  return numbers;
}

/** Mean ± the largest distance from it. @param {number[]} values @param {number} digits */
function spread(values, digits) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const most = Math.max(...values.map((value) => Math.abs(value - mean)));
  return values.length > 1 ? `${mean.toFixed(digits)} ± ${most.toFixed(digits)}` : mean.toFixed(digits);
}

const digits = [...signalLevels.map(() => 4), 1, 1];
const head = [...signalLevels.map((level) => `γ ${level}`), 'thumbnails', 'patches'];
const floor = momentsOf(heldOut, Math.min(count, heldOut.length)).distances(reals);
const pieces = [];
for (const optimizer of String(given.optimizers).split(',')) {
  if (!(optimizer in optimizers)) throw new Error(`--optimizers ${optimizer}: expected muon or lamb`);
  const means = (/** @type {number[][]} */ sets) =>
    sets[0].map((_, i) => sets.reduce((sum, set) => sum + set[i], 0) / sets.length);
  /** @type {number[][]} */
  const sets = [];
  for (let seed = 0; seed < seeds; seed++) sets.push(await measured({}, optimizer, seed));
  const shared = means(sets);
  for (const [group, rows] of Object.entries(groups)) {
    if (!new RegExp(String(given.groups)).test(group)) continue;
    const found = [];
    for (const [name, change] of Object.entries(rows)) {
      const numbers = [];
      for (let seed = 0; seed < seeds; seed++) numbers.push(await measured(change, optimizer, seed));
      found.push({ name, mflops: inspect(configOf(change, optimizer, 0)).passFlops / 1e6, numbers });
    }
    const cells = [
      [group, 'MFLOP', ...head],
      ['held-out pictures', '', ...signalLevels.map(() => ''), ...floor.map((distance) => distance.toFixed(1))],
      ...found.map(({ name, mflops, numbers }) => [
        ...[name, mflops.toFixed(0)],
        ...digits.map((places, i) =>
          spread(
            numbers.map((each) => each[i]),
            places,
          ),
        ),
      ]),
    ];
    console.log(`\n${group}, ${optimizer}`);
    table(cells);
    const piece = [`### ${group[0].toUpperCase()}${group.slice(1)}, ${optimizer}`, markdownTable(cells)];
    if (given.charts !== undefined) {
      const data = isBuiltIn ? 'emoji-' : '';
      const chart = join(String(given.charts), `ablation-${data}${group.replaceAll(/[^a-z]+/g, '-')}-${optimizer}.svg`);
      writeFileSync(chart, ablationsChart(group, signalLevels, found, shared));
      piece.push(`![Error by noise level: ${group}](${relative(dirname(String(given.page ?? '.')), chart)})`);
    }
    pieces.push(piece.join('\n\n'));
  }
}
const about = `${images} images of ${isBuiltIn ? 'the built-in emoji' : 'CIFAR-10'} for each training, ${seeds} seeds, ${count} drawn pictures. ${machine(threads)}.`;
console.log(`\n${about}`);
const place = `bench/ablations.mjs${isBuiltIn ? ' --data emoji' : ''}`;
if (given.page !== undefined) writeBetween(String(given.page), place, [about, ...pieces].join('\n\n'));
data.close();
heldOut.close();
