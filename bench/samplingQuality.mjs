// How near the pictures of each sampler come to the data, by evaluations of the network: node bench/samplingQuality.mjs
//   --model packages/rin/models/emoji-64.safetensors   --data SOURCE (the one in the model's configuration)
//   --count 166 (pictures of each set)   --sets 3 (disjoint sets of each row)   --first 332 (seed of the first picture)
//   --evaluations 8,17,33   --samplers ddpm@100,ddpm,ddim,heun,dpm2m,dpm2mSde (also ddpm-small, ddim-0.5)
//     NAME@N: once, with N evaluations; NAME:2: with the cosine schedule of tau 2; both: NAME:2@33
//   --threads 1   --batch 83
//   --sampling '{"guidance":1}' (other keys of the section, for all rows)
//
// Both distances, of thumbnails and of patches, are those of pictureDistances.mjs, between the drawn pictures of a set and all
// pictures of the data.
// Picture i of a set has the class of picture ⌊i·length/count⌋ of the data, or of picture i modulo length if more are drawn.
// A row has the mean of its sets ± their standard deviation. `less` is the mean difference from the first row, set by set,
// ± its standard error. All rows have the same seeds. The first line is of 10 sets of as many pictures of the data, drawn at
// random with replacement.
import { uniform } from '@rin/core';
import { setThreads } from '@rin/torch';
import { samplingPasses } from '../packages/rin/dist/src/diffusion/samplingPasses.js';
import { loadModel, openDataset, samples } from '../packages/rin/dist/src/index.js';
import { flags, table } from './machine.mjs';
import { PictureMoments } from './pictureDistances.mjs';

const variants = {
  ddpm: { sampler: 'ddpm', variance: 'large' },
  'ddpm-small': { sampler: 'ddpm', variance: 'small' },
  ddim: { sampler: 'ddim', eta: 0 },
  'ddim-0.5': { sampler: 'ddim', eta: 0.5 },
  heun: { sampler: 'heun' },
  dpm2m: { sampler: 'dpm2m' },
  dpm2mSde: { sampler: 'dpm2mSde' },
};

const given = flags({
  model: { type: 'string', default: 'packages/rin/models/emoji-64.safetensors' },
  data: { type: 'string' },
  count: { type: 'string', default: '166' },
  first: { type: 'string', default: '332' },
  sets: { type: 'string', default: '3' },
  evaluations: { type: 'string', default: '8,17,33' },
  samplers: { type: 'string', default: 'ddpm@100,ddpm,ddim,heun,dpm2m,dpm2mSde' },
  sampling: { type: 'string', default: '{}' },
  threads: { type: 'string', default: '1' },
  batch: { type: 'string', default: '83' },
});
const [count, sets, first, batch] = [given.count, given.sets, given.first, given.batch].map(Number);
setThreads(Number(given.threads));
const model = await loadModel(given.model);
const { channels, size } = model.config.model;
const sides = Array.isArray(size) ? size : [size, size];
if (sides.length !== 2 || sides.some((side) => side % 4 > 0)) {
  console.error(`${given.model}: samples of ${sides.join('×')}; expected pictures with sides that 4 divides`);
  process.exit(1);
}
const source = given.data ?? model.config.source;
const data = await openDataset(source, { size: sides, channels, data: model.config.data });
const base = { ...model.config.sampling, ...JSON.parse(given.sampling) };

/** @param {number} index */
function real(index) {
  const out = new Uint8Array(channels * sides[0] * sides[1]);
  data.read(index, out);
  return out;
}

const reals = new PictureMoments(channels, sides);
for (let i = 0; i < data.length; i++) reals.add(real(i));

const floors = Array.from({ length: 10 }, (_, set) => {
  const drawn = new PictureMoments(channels, sides);
  for (let i = 0; i < count; i++) drawn.add(real(Math.floor(data.length * uniform(set, 'order', i, 0))));
  return drawn.distances(reals);
});

/** Mean and standard deviation. @param {number[]} values */
function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(values.length - 1, 1)) };
}

/** Both distances: mean ± deviation of the sets. @param {number[][]} distances  of each set */
const columns = (distances) =>
  [0, 1].map((which) => {
    const { mean, deviation } = spread(distances.map((pair) => pair[which]));
    return `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`;
  });

/** Both distances less those of the first row: mean ± standard error. @param {number[][]} mine @param {number[][]} theirs */
const differences = (mine, theirs) =>
  [0, 1].map((which) => {
    const { mean, deviation } = spread(mine.map((pair, set) => pair[which] - theirs[set][which]));
    return `${mean > 0 ? '+' : ''}${mean.toFixed(1)} ± ${(deviation / Math.sqrt(mine.length)).toFixed(1)}`;
  });

const label = (/** @type {number} */ i) =>
  data.label(count <= data.length ? Math.floor((i * data.length) / count) : i % data.length);
const classes = model.config.model.classes > 0 ? Array.from({ length: count }, (_, i) => label(i)) : undefined;

/** A row that was asked for: NAME, NAME:TAU, NAME@N or NAME:TAU@N. @param {string} text */
function row(text) {
  const [, name, tau, own] = /^([^:@]*)(?::([\d.]+))?(?:@(\d+))?$/.exec(text) ?? [];
  if (!(name in variants)) {
    console.error(
      `--samplers ${text}: expected NAME, NAME:TAU, NAME@N or NAME:TAU@N; names: ${Object.keys(variants).join(', ')}`,
    );
    process.exit(2);
  }
  const schedule = tau === undefined ? base.schedule : { kind: 'cosine', start: 0, end: 1, tau: Number(tau) };
  return {
    name,
    own: own === undefined ? undefined : Number(own),
    schedule,
  };
}
const asked = given.samplers.split(',').map(row);
const wanted = [
  ...asked.filter(({ own }) => own !== undefined).map((one) => ({ ...one, evaluations: one.own ?? 0 })),
  ...given.evaluations
    .split(',')
    .filter((text) => text !== '')
    .flatMap((text) =>
      asked.filter(({ own }) => own === undefined).map((one) => ({ ...one, evaluations: Number(text) })),
    ),
];

console.log(
  `${given.model}, guidance ${base.guidance}; ${sets} sets of ${count} pictures, seeds ${first} to ${first + sets * count - 1}, against ${data.length} of ${data.name}`,
);
const rows = [
  ['sampler', 'schedule', 'steps', 'evaluations', 'thumbnails', 'less', 'patches', 'less'],
  ['the data itself', '', '', '', ...columns(floors).flatMap((text) => [text, ''])],
];
/** @type {number[][] | undefined} */
let reference;
for (const { name, schedule, evaluations } of wanted) {
  const steps = name === 'heun' ? Math.floor((evaluations + 1) / 2) : evaluations;
  const sampling = { ...base, ...variants[name], schedule, steps };
  /** @type {number[][]} */
  const distances = [];
  for (let set = 0; set < sets; set++) {
    const drawn = new PictureMoments(channels, sides);
    const seeds = Array.from({ length: count }, (_, i) => first + set * count + i);
    for await (const { image } of samples(model, { ...sampling, seeds, classes, batch })) drawn.add(image.data);
    distances.push(drawn.distances(reals));
  }
  reference ??= distances;
  const [thumbnails, patches] = columns(distances);
  const [lessThumbnails, lessPatches] = distances === reference ? ['', ''] : differences(distances, reference);
  const tau = 'tau' in schedule ? ` ${schedule.tau}` : '';
  const passes = samplingPasses(sampling, classes !== undefined);
  rows.push(
    [name, `${schedule.kind}${tau}`, steps, passes, thumbnails, lessThumbnails, patches, lessPatches].map(String),
  );
  console.error(rows[rows.length - 1].join('  '), JSON.stringify(distances));
}
table(rows);
data.close();
