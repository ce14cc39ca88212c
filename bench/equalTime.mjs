// @ts-check
// A small RIN, a U-Net and a transformer on all tokens, trained for equal times: `node bench/equalTime.mjs`, after a build.
//   --data ../shared/data/cifar10   the folder with train.tar and test.tar
//   --minutes 10 (of each training)   --tries 1 (minutes for each learning rate)   --rates 3e-4,1e-3,3e-3   --seeds 1
//   --networks rin,dit,unet,unet-fast   --batch 32   --threads (all)   --count 1000 (drawn pictures)   --held 1000
//   --folder runs/equalTime   runs and results; the same command goes on with the network at which it ended
//   --charts FOLDER   draws the errors by level   --page FILE   writes the table into a page
//
// All run in PyTorch, one after another, in one trainer (equalTime.py) with one objective: prediction and loss of x, the cosine
// schedule, stratified times, a tenth of the labels left out, AdamW with a warm-up and half a cosine over the time, an average of
// the weights. They see the same pictures in the same order. The clock runs during steps only. The RIN is that of the preset
// cifar10-small, and half of its samples keep an estimate. `dit` and `unet` have about as many weights as it, `dit` and
// `unet-fast` take about as long for a step. Each network first tries each learning rate; the one with the least error on held-out
// pictures that are not those of the table is taken.
//   γ …         mean square of x − x̂₀ at this signal level on test pictures, as in lossByLevel.mjs; the RIN is warm-started twice
//   distances   of drawn pictures to 10,000 training pictures: of thumbnails and patches, by pictureDistances.mjs, and of the
//               features of EfficientNet-Lite0, as in `rin evaluate`. Its weights are fetched once. The floor is that of test pictures.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runtime, setThreads } from '@rin/torch';
import { loadPreset, openDataset, openDetector } from '../packages/rin/dist/src/index.js';
import { frechetDistance } from '../packages/rin/dist/src/metrics/frechet.js';
import { kernelDistance } from '../packages/rin/dist/src/metrics/kernel.js';
import { momentsOf as featureMoments } from '../packages/rin/dist/src/metrics/moments.js';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { ablationsChart } from './ablationsChart.mjs';
import { environment } from './contestants.mjs';
import { signalLevels } from './lossByLevel.mjs';
import { flags, machine, table } from './machine.mjs';
import { markdownTable, writeBetween } from './page.mjs';
import { PictureMoments } from './pictureDistances.mjs';
import { Results } from './results.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/cifar10' },
  minutes: { type: 'string', default: '10' },
  tries: { type: 'string', default: '1' },
  rates: { type: 'string', default: '3e-4,1e-3,3e-3' },
  seeds: { type: 'string', default: '1' },
  networks: { type: 'string', default: 'rin,dit,unet,unet-fast' },
  batch: { type: 'string', default: '32' },
  threads: { type: 'string', default: String(runtime().threads) },
  count: { type: 'string', default: '1000' },
  held: { type: 'string', default: '1000' },
  folder: { type: 'string', default: 'runs/equalTime' },
  charts: { type: 'string' },
  page: { type: 'string' },
});
const [minutes, tries, seeds, batch] = [given.minutes, given.tries, given.seeds, given.batch].map(Number);
const [threads, count, held] = [given.threads, given.count, given.held].map(Number);
const [rates, networks] = [String(given.rates).split(',').map(Number), String(given.networks).split(',')];
/** @type {Record<string, string>} */
const titles = {
  rin: 'RIN',
  dit: 'transformer on all tokens (DiT)',
  unet: 'U-Net, as many weights',
  'unet-fast': 'U-Net, as fast',
};
const wrong = networks.find((name) => !(name in titles));
if (wrong !== undefined) {
  console.error(`--networks ${wrong}: expected some of ${Object.keys(titles).join(', ')}`);
  process.exit(2);
}
const folder = resolve(String(given.folder));
const shape = [3, 32, 32];
const length = 3 * 32 * 32;
const schedule = /** @type {const} */ ({ kind: 'cosine', start: 0, end: 1, tau: 1 });
const config = loadPreset('cifar10-small', { sampling: { sampler: 'dpm2mSde', steps: 25, guidance: 0, schedule } });
mkdirSync(folder, { recursive: true });

/** Writes pictures and labels of an archive as bytes, which Python reads. @param {'train' | 'test'} part @param {number} [most] */
async function bytesOf(part, most) {
  const [pixels, labels] = [join(folder, `${part}.pixels`), join(folder, `${part}.labels`)];
  if (!existsSync(labels)) {
    const options = { size: [32, 32], channels: 3, data: config.data };
    const data = await openDataset(join(String(given.data), `${part}.tar`), options);
    const number = Math.min(data.length, most ?? data.length);
    // An archive may be in the order of its classes, so a part of it is spread over all.
    const places = Array.from({ length: number }, (_, i) =>
      Math.floor(((i * 7919 + 1) % number) * (data.length / number)),
    );
    const bytes = new Uint8Array(number * length);
    for (const [i, place] of places.entries()) data.read(place, bytes.subarray(i * length, (i + 1) * length));
    writeFileSync(pixels, bytes);
    writeFileSync(
      labels,
      Uint8Array.from(places, (place) => data.label(place)),
    ); // last: both are there then
    data.close();
  }
  return { pixels, labels, shape };
}
const train = await bytesOf('train');
const test = await bytesOf('test', 10_000);

/** Moments of the first pictures of a file of bytes. @param {string} path @param {number} number */
function momentsOf(path, number) {
  const moments = new PictureMoments(3, [32, 32]);
  const bytes = readFileSync(path);
  for (let i = 0; i < number; i++) moments.add(bytes.subarray(i * length, (i + 1) * length));
  return moments;
}

const detector = await openDetector({ name: 'efficientnet-lite0', onProgress: console.error });
/** Features of the first pictures of a file of bytes. @param {string} path @param {number} number */
function featuresOf(path, number) {
  const bytes = readFileSync(path);
  const pictures = Array.from({ length: number }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
  const values = new Float32Array(number * detector.features);
  for (let at = 0; at < number; at += 50)
    values.set(detector.extract(pictures.slice(at, at + 50), shape).features, at * detector.features);
  return { count: number, width: detector.features, values };
}

const python = await ensurePython({ diffusers: true, log: createLog() });
/**
 * What a job of Python answers.
 * @typedef {{ parameters: number, flops: number, updates: number, seconds: number, errors: number[], version: string }} Answer
 */
/** @param {object} job @returns {Promise<Answer>} */
async function ask(job) {
  const script = fileURLToPath(new URL('equalTime.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'], env: environment(undefined) });
  child.stdin.end(`${JSON.stringify(job)}\n`);
  const answer = await text(child.stdout);
  if (answer === '') throw new Error('a training stopped; the same command goes on where it ended');
  return JSON.parse(answer);
}

/** @type {Results<any>} */
const measurements = new Results(folder);

const [passes, tried] = [3, Math.ceil(held / 2)];
const shared = { config, train, levels: signalLevels, batch, threads };
const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The learning rate with the least error after a short training. @param {string} network */
async function bestRate(network) {
  const errors = [];
  for (const learningRate of rates) {
    const key = `${network}, rate ${learningRate}, ${tries} min, batch ${batch}, ${threads} threads`;
    const error = await measurements.once(key, async () => {
      const weights = join(folder, `${key.replaceAll(/[^\w.-]+/g, '-')}.pt`);
      const pictures = { ...test, first: held, count: tried, passes };
      const job = { ...shared, network, learningRate, minutes: tries, seed: 0, weights, held: pictures };
      return mean((await ask(job)).errors);
    });
    console.error(`${key}: error ${error.toFixed(4)}`);
    errors.push(error);
  }
  return rates[errors.indexOf(Math.min(...errors))];
}

setThreads(threads);
console.log(machine(threads));
const reals = momentsOf(train.pixels, 10_000);
/** Of 2,000 training pictures, as in bench/detectors.mjs; kernel distances take no more. */
const realFeatures = featuresOf(train.pixels, Math.min(2000, 2 * count));
const realMoments = featureMoments(realFeatures);

/** All distances of the first pictures of a file. @param {string} path */
async function distancesOf(path) {
  const features = featuresOf(path, count);
  const { value } = await kernelDistance(features, realFeatures);
  const distances = momentsOf(path, count).distances(reals);
  return [...distances, frechetDistance(featureMoments(features), realMoments), 1000 * value];
}
const floor = await distancesOf(test.pixels);
const found = [];
for (const network of networks) {
  const learningRate = await bestRate(network);
  /** @type {(Answer & { distances: number[] })[]} */
  const results = [];
  for (let seed = 0; seed < seeds; seed++) {
    const key = `${network}, rate ${learningRate}, ${minutes} min, batch ${batch}, ${threads} threads, seed ${seed}`;
    const name = join(folder, key.replaceAll(/[^\w.-]+/g, '-'));
    const answer = await measurements.once(`${key}, ${held} held out, ${count} drawn, ${detector.name}`, async () => {
      const pictures = { ...test, first: 0, count: held, passes };
      const drawn = { path: `${name}.drawn`, count };
      const job = { ...shared, network, learningRate, minutes, seed, weights: `${name}.pt`, held: pictures };
      const told = await ask({ ...job, draw: drawn });
      return { ...told, distances: await distancesOf(drawn.path) };
    });
    results.push(answer);
  }
  const [{ parameters, flops }] = results;
  found.push({ name: titles[network], learningRate, parameters, flops, results });
}

detector.dispose();

/** Mean ± the largest distance from it. @param {number[]} values @param {number} digits */
function spread(values, digits) {
  const most = Math.max(...values.map((value) => Math.abs(value - mean(values))));
  const text = mean(values).toFixed(digits);
  return values.length > 1 ? `${text} ± ${most.toFixed(digits)}` : text;
}

const rows = [
  [
    '',
    'weights',
    'MFLOP',
    'rate',
    'updates',
    'ms',
    ...signalLevels.map((gamma) => `γ ${gamma}`),
    'thumbnails',
    'patches',
    detector.figures.frechet,
    `1,000 · ${detector.figures.kernel}`,
  ],
  ['test pictures', ...Array(5 + signalLevels.length).fill(''), ...floor.map((distance) => distance.toFixed(1))],
  ...found.map(({ name, parameters, flops, learningRate, results }) => [
    name,
    `${(parameters / 1e6).toFixed(2)} M`,
    (flops / 1e6).toFixed(0),
    String(learningRate),
    mean(results.map(({ updates }) => updates)).toFixed(0),
    mean(results.map(({ seconds, updates }) => (1000 * seconds) / updates)).toFixed(0),
    ...signalLevels.map((_, i) =>
      spread(
        results.map(({ errors }) => errors[i]),
        4,
      ),
    ),
    ...[0, 1, 2, 3].map((which) =>
      spread(
        results.map(({ distances }) => distances[which]),
        1,
      ),
    ),
  ]),
];
table(rows);
if (given.page !== undefined) {
  const date = new Date().toISOString().slice(0, 10);
  const about = `${date}, ${machine(threads)}; ${minutes} minutes for each network, ${seeds} seed${seeds > 1 ? 's' : ''}.`;
  writeBetween(String(given.page), 'bench/equalTime.mjs', `${about}\n\n${markdownTable(rows)}`);
}
if (given.charts !== undefined) {
  const lines = found.map(({ name, results }) => ({ name, numbers: results.map(({ errors }) => errors) }));
  const reference = signalLevels.map((_, i) => mean(lines[0].numbers.map((errors) => errors[i])));
  const drawing = ablationsChart(`${minutes} minutes of each network`, signalLevels, lines, reference);
  writeFileSync(
    join(String(given.charts), 'equal-time.svg'),
    drawing.replaceAll("the shared network's", `that of ${lines[0].name}`),
  );
}
