// How near the pictures of each sampler come to the data, by evaluations of the network: node bench/samplingQuality.mjs
//   --model packages/rin/models/emoji-64.safetensors   --data SOURCE (the one in the model's configuration)
//   --count 166 (pictures of each row)   --first 332 (seed of the first picture)   --evaluations 8,16,32
//   --samplers ddpm,ddim,heun,dpm2m,dpm2mSde,ddpm@100 (NAME@N: once, with N evaluations; also ddpm-small, ddim-0.5)
//   --threads 1   --batch 83
//   --sampling '{"guidance":1}' (other keys of the section, for all rows)
//
// Both distances, of thumbnails and of patches, are those of pictureDistances.mjs, between the drawn pictures and all pictures of
// the data.
// Picture i has the class of picture ⌊i·length/count⌋ of the data, or of picture i modulo length if more are drawn. The floor
// is the mean of 10 sets of as many pictures of the data, drawn at random with replacement.
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
  evaluations: { type: 'string', default: '8,16,32' },
  samplers: { type: 'string', default: 'ddpm,ddim,heun,dpm2m,dpm2mSde,ddpm@100' },
  sampling: { type: 'string', default: '{}' },
  threads: { type: 'string', default: '1' },
  batch: { type: 'string', default: '83' },
});
const [count, first, batch] = [given.count, given.first, given.batch].map(Number);
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
const text = (/** @type {number[]} */ distances) => distances.map((distance) => distance.toFixed(2));

const floors = Array.from({ length: 10 }, (_, set) => {
  const drawn = new PictureMoments(channels, sides);
  for (let i = 0; i < count; i++) drawn.add(real(Math.floor(data.length * uniform(set, 'order', i, 0))));
  return drawn.distances(reals);
});
const floor = [0, 1].map((which) => floors.reduce((sum, distances) => sum + distances[which], 0) / floors.length);

const label = (/** @type {number} */ i) =>
  data.label(count <= data.length ? Math.floor((i * data.length) / count) : i % data.length);
const classes = model.config.model.classes > 0 ? Array.from({ length: count }, (_, i) => label(i)) : undefined;
console.log(
  `${given.model}, guidance ${base.guidance}; ${count} pictures with the seeds ${first} to ${first + count - 1} against ${data.length} of ${data.name}`,
);
const rows = [
  ['sampler', 'steps', 'evaluations', 'thumbnails', 'patches'],
  ['the data itself', '', '', ...text(floor)],
];
const asked = given.samplers.split(',').map((text) => text.split('@'));
const all = given.evaluations.split(',').map(Number);
const wanted = [
  ...all.flatMap((evaluations) => asked.filter(([, own]) => !own).map(([name]) => ({ name, evaluations }))),
  ...asked.filter(([, own]) => own).map(([name, own]) => ({ name, evaluations: Number(own) })),
];
const unknown = wanted.find(({ name }) => !(name in variants));
if (unknown) {
  console.error(`--samplers ${unknown.name}: expected ${Object.keys(variants).join(', ')}`);
  process.exit(2);
}
for (const { name, evaluations } of wanted) {
  const steps = name === 'heun' ? Math.floor((evaluations + 1) / 2) : evaluations;
  const sampling = { ...base, ...variants[name], steps };
  const drawn = new PictureMoments(channels, sides);
  const seeds = Array.from({ length: count }, (_, i) => first + i);
  for await (const { image } of samples(model, { ...sampling, seeds, classes, batch })) drawn.add(image.data);
  const row = [name, steps, samplingPasses(sampling, false), ...text(drawn.distances(reals))];
  rows.push(row);
  console.error(row.join(' '));
}
table(rows);
data.close();
