// In how many drawn pictures a classifier sees the class that they were drawn for: node bench/recognised.mjs --models runs/1
//   --data ../shared/data/cifar10/train.tar   --test ../shared/data/cifar10/test.tar
//   --models A,B         runs or models, each drawn with its own `sampling`
//   --sampling '{"guidance":3}' (other keys of the section)
//   --count 20 (pictures of each class)   --train 10000   --held-out 2000 (pictures of the data and of the test set)
//   --threads 1
//
// The classifier is one linear layer on the features of efficientnet-lite0, trained on pictures of the data. Its share of correct
// classes on the test set is the most that drawn pictures can be expected to reach. A blurred picture of the right colours may count.
import { AdamW, crossEntropy, Linear, noGrad, scope, setThreads, tensor } from '@rin/torch';
import { loadModel, openDataset, openDetector, samples } from '../packages/rin/dist/src/index.js';
import { flags, machine, table } from './machine.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/cifar10/train.tar' },
  test: { type: 'string', default: '../shared/data/cifar10/test.tar' },
  models: { type: 'string', default: '' },
  sampling: { type: 'string', default: '{}' },
  count: { type: 'string', default: '20' },
  train: { type: 'string', default: '10000' },
  'held-out': { type: 'string', default: '2000' },
  threads: { type: 'string', default: '1' },
});
const [count, trained, heldOut] = [given.count, given.train, given['held-out']].map(Number);
setThreads(Number(given.threads));
const detector = await openDetector({ name: 'efficientnet-lite0', onProgress: console.error });
const batch = 64;

/** Features of pictures, one after the other. @param {Uint8Array[]} pictures @param {readonly number[]} shape */
function featuresOf(pictures, shape) {
  const features = new Float32Array(pictures.length * detector.features);
  for (let i = 0; i < pictures.length; i += batch) {
    features.set(detector.extract(pictures.slice(i, i + batch), shape).features, i * detector.features);
  }
  return features;
}

/** Pictures at equal distances in the data, so of all classes. @param {string} source @param {number} number */
async function real(source, number) {
  const data = await openDataset(source, { size: sides, channels: 3, data: config.data });
  const most = Math.min(number, data.length);
  const indices = Array.from({ length: most }, (_, i) => Math.floor((i * data.length) / most));
  const pictures = indices.map((index) => {
    const out = new Uint8Array(3 * sides[0] * sides[1]);
    data.read(index, out);
    return out;
  });
  const labels = indices.map((index) => data.label(index));
  data.close();
  return { features: featuresOf(pictures, data.shape), labels, classes: data.classes };
}

const paths = given.models.split(',').filter(Boolean);
if (paths.length === 0) {
  console.error('--models: names no run; expected runs or models, with commas between them');
  process.exit(2);
}
const models = await Promise.all(paths.map((path) => loadModel(path)));
const { config } = models[0];
const { size } = config.model;
const sides = Array.isArray(size) ? size : [size, size];
const train = await real(given.data, trained);
const test = await real(given.test, heldOut);
const { classes } = train;

/** Mean and deviation of each feature, by which all are scaled. */
const { mean, deviation } = scope(() => {
  const all = tensor(train.features, [train.labels.length, detector.features]);
  const centre = all.mean(0);
  return { mean: centre, deviation: all.sub(centre).square().mean(0).sqrt().add(1e-6) };
});
/** @param {Float32Array} features */
const scaled = (features) =>
  tensor(features, [features.length / detector.features, detector.features])
    .sub(mean)
    .div(deviation);

const layer = new Linear(detector.features, classes.length);
const optimizer = new AdamW(layer, { lr: 1e-3, weightDecay: 1 });
const [inputs, targets] = [scaled(train.features), tensor(BigInt64Array.from(train.labels, BigInt))];
for (let step = 0; step < 300; step++) {
  scope(() => {
    optimizer.zeroGrad();
    crossEntropy(layer.forward(inputs), targets).backward();
    optimizer.step();
  });
}

/** Share of correct classes, of all and of each class. @param {Float32Array} features @param {readonly number[]} labels */
function shares(features, labels) {
  const found = scope(() => noGrad(() => /** @type {number[]} */ (layer.forward(scaled(features)).argmax(1).tolist())));
  const right = classes.map((_, label) => {
    const of = labels.flatMap((each, i) => (each === label ? [Number(found[i]) === label] : []));
    return of.filter(Boolean).length / of.length;
  });
  return [right.reduce((sum, each) => sum + each, 0) / right.length, ...right].map((each) => (100 * each).toFixed(0));
}

console.log(`${machine()}`);
console.log(
  `${detector.name}; a linear layer trained on ${train.labels.length} pictures of ${given.data}; % of correct classes\n`,
);
const rows = [['pictures', 'all', ...classes]];
rows.push([`${test.labels.length} of ${given.test}`, ...shares(test.features, test.labels)]);
for (const [i, model] of models.entries()) {
  const labels = Array.from({ length: count * classes.length }, (_, each) => each % classes.length);
  const seeds = labels.map((_, each) => each);
  const pictures = [];
  const options = { ...model.config.sampling, ...JSON.parse(given.sampling), seeds, classes: labels, batch: 40 };
  for await (const { image } of samples(model, options)) pictures.push(image.data);
  rows.push([`${labels.length} of ${paths[i]}`, ...shares(featuresOf(pictures, [3, ...sides]), labels)]);
  console.error(rows[rows.length - 1].join('  '));
}
table(rows);
detector.dispose();
