// @ts-check
// Quality against operations of sampling, with fewer latents: `node bench/latents.mjs --data ../shared/data/mnist`, after a build.
//   --folder runs/latents   runs and results; the same command goes on where it ended
//   --images 60000   of each training   --count 1000 (pictures of each row)   --steps 10   --threads 1
//   --first 0 (seed of the first picture)   --charts FOLDER   draws each distance over the operations
//   --rows REGEXP   only the rows with such a name
//
// Five trainings of one small network of the preset `mnist`: with 4, 8, 16 and 32 latents, each alone, and one with 32 latents and
// `training.latentDrop` 0.94. Of its 30 learned latents it leaves out up to 28, so it is trained with 4 to 32. All see the same
// pictures in the same order. Each row draws pictures with the seeds from `first` on, the classes 0 to 9 in turn. The distances
// are those of pictureDistances.mjs to the 60,000 training pictures. The floor is the mean of 10 sets of as many of them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniform } from '@rin/core';
import { setThreads } from '@rin/torch';
import { loadModel, loadPreset, openDataset, samples, samplingFlops, train } from '../packages/rin/dist/src/index.js';
import { latentsChart } from './latentsChart.mjs';
import { flags, machine, table } from './machine.mjs';
import { PictureMoments } from './pictureDistances.mjs';
import { Results } from './results.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/mnist' },
  folder: { type: 'string', default: 'runs/latents' },
  images: { type: 'string', default: '60000' },
  count: { type: 'string', default: '1000' },
  steps: { type: 'string', default: '10' },
  threads: { type: 'string', default: '1' },
  first: { type: 'string', default: '0' },
  charts: { type: 'string' },
  rows: { type: 'string', default: '' },
});
const [images, count, first, steps, threads] = [given.images, given.count, given.first, given.steps, given.threads].map(
  Number,
);
const folder = String(given.folder);
setThreads(threads);
console.log(machine());

/** The network with so many latents. @param {number} latents @param {number} latentDrop */
const configOf = (latents, latentDrop) =>
  loadPreset('mnist', {
    name: `latents-${latents}${latentDrop > 0 ? '-drop' : ''}`,
    model: { latents, latentDim: 64, interfaceDim: 64, depth: [2, 2] },
    training: { images, latentDrop, threads, sampleEvery: 0, precision: 'float32' },
    sampling: { sampler: 'dpm2m', steps },
  });

const sizes = [4, 8, 16, 32];
const alone = sizes.map((latents) => configOf(latents, 0));
const [, , , largest] = alone;
const elastic = configOf(32, 0.94);
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());

/** Rows of the table: name, model, changes of the `sampling` section. */
const allRows = [
  ...alone.map((config) => ({ name: `alone with ${config.model.latents}`, config, sampling: {} })),
  ...sizes.map((latents) => ({ name: `latentDrop, ${latents}`, config: elastic, sampling: { latents } })),
  ...sizes
    .slice(0, -1)
    .map((latents) => ({ name: `without latentDrop, ${latents} of 32`, config: largest, sampling: { latents } })),
  ...[
    [4, 32],
    [32, 4],
    [4, 8, 16, 32],
  ].map((latents) => ({ name: `latentDrop, ${latents.join(',')}`, config: elastic, sampling: { latents } })),
  ...[32, 16, 8, 4].map((guidanceLatents) => ({
    name: `latentDrop, 32, guidance 0.5 with ${guidanceLatents}`,
    config: elastic,
    sampling: { guidance: 0.5, guidanceLatents },
  })),
];

const rows = allRows.filter(({ name }) => new RegExp(String(given.rows)).test(name));

/** Distances by what was drawn. @type {Results<number[]>} */
const measurements = new Results(folder);

const data = await openDataset(String(given.data), { size: [28, 28], channels: 1, data: elastic.data });
const moments = () => new PictureMoments(1, [28, 28]);
const pixels = new Uint8Array(28 * 28);
/** @param {PictureMoments} set @param {number} index */
function addReal(set, index) {
  data.read(index, pixels);
  set.add(pixels);
}
const reals = moments();
for (let i = 0; i < data.length; i++) addReal(reals, i);

const floor = await measurements.once(`floor of ${count}`, async () => {
  const sets = Array.from({ length: 10 }, (_, set) => {
    const drawn = moments();
    for (let i = 0; i < count; i++) addReal(drawn, Math.floor(data.length * uniform(set, 'order', i, 0)));
    return drawn.distances(reals);
  });
  return [0, 1].map((which) => sets.reduce((sum, distances) => sum + distances[which], 0) / sets.length);
});

/** The distances of each row; a network is trained just before its first row. @type {Map<string, number[]>} */
const found = new Map();
for (const config of [elastic, ...alone]) {
  const run = join(folder, config.name);
  const log = (/** @type {string} */ line) => console.error(`${config.name}: ${line}`);
  await train({ config, data: String(given.data), run, log, signal: stop.signal });
  for (const { name, sampling } of rows.filter((row) => row.config === config)) {
    const key = JSON.stringify([config.name, images, count, first, steps, sampling]);
    const distances = await measurements.once(key, async () => {
      const model = await loadModel(run);
      const drawn = moments();
      const seeds = Array.from({ length: count }, (_, i) => first + i);
      for await (const { image } of samples(model, { ...sampling, seeds, batch: 100, signal: stop.signal }))
        drawn.add(image.data);
      return drawn.distances(reals);
    });
    found.set(name, distances);
    console.error(name, distances);
  }
}
const results = rows.map(({ name, config, sampling }) => ({
  name,
  mflops: samplingFlops({ ...config, sampling: { ...config.sampling, ...sampling } }) / 1e6,
  distances: found.get(name) ?? [],
}));
table([
  ['latents', 'MFLOP of a picture', 'thumbnails', 'patches'],
  ['the data itself', '', ...floor.map((distance) => distance.toFixed(2))],
  ...results.map(({ name, mflops, distances }) => [
    name,
    mflops.toFixed(0),
    ...distances.map((distance) => distance.toFixed(2)),
  ]),
]);
if (given.charts !== undefined) {
  for (const [which, distance] of ['thumbnails', 'patches'].entries()) {
    const points = (/** @type {RegExp} */ pattern) =>
      results
        .filter(({ name }) => pattern.test(name))
        .map(({ mflops, distances }) => ({ mflops, distance: distances[which] }));
    const series = [
      { name: 'trained with 4, 8, 16 or 32 latents alone: four networks', points: points(/^alone/) },
      { name: 'one network of 32 latents trained with latentDrop', points: points(/^latentDrop, \d+$/) },
      {
        name: 'one network of 32 latents trained without latentDrop',
        points: [...points(/^without/), ...points(/^alone with 32$/)],
      },
      {
        name: 'with latentDrop, other numbers of latents over the steps',
        isScattered: true,
        points: points(/^latentDrop, \d+,\d/),
      },
    ];
    writeFileSync(join(String(given.charts), `latents-${distance}.svg`), latentsChart(distance, series));
  }
}
data.close();
