// Whether a detector's figures grow with the damage: distances from 2,000 pictures to sets of 1,000 others, which are clean, noisy,
// blurred, of fewer classes, or repeated. A wrong detector breaks the order of the rows.
//   node bench/detectors.mjs --data ../shared/data/cifar10/train.tar
//   --detector NAME   efficientnet-lite0 (default) or inception
//   --file PATH       its weights, if they are not fetched
//   --size N          width of the detector's input: 128 (default) or 224
//   --reference N     pictures of the reference (2,000)
//   --set N           pictures of each set (1,000)
//   --seed N          draws the pictures and the noise (0)
import { openDataset, openDetector, parseConfig } from '../packages/rin/dist/src/index.js';
import { frechetDistance } from '../packages/rin/dist/src/metrics/frechet.js';
import { kernelDistance } from '../packages/rin/dist/src/metrics/kernel.js';
import { momentsOf } from '../packages/rin/dist/src/metrics/moments.js';
import { blurred, mixed, noisy, Pictures } from './distortions.mjs';
import { flags, machine, table } from './machine.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/cifar10/train.tar' },
  detector: { type: 'string', default: 'efficientnet-lite0' },
  file: { type: 'string' },
  size: { type: 'string' },
  reference: { type: 'string', default: '2000' },
  set: { type: 'string', default: '1000' },
  seed: { type: 'string', default: '0' },
});
const [referenceCount, count, seed] = [given.reference, given.set, given.seed].map(Number);
const data = await openDataset(String(given.data), {
  size: [32, 32],
  channels: 3,
  data: parseConfig({ model: { size: [32, 32], channels: 3, patch: 4 } }, 'detectors').data,
  onNotice: console.error,
});
const size = given.size === undefined ? undefined : Number(given.size);
const detector = await openDetector({
  name: String(given.detector),
  path: given.file === undefined ? undefined : String(given.file),
  size,
  onProgress: console.error,
});
const pictures = new Pictures(data, seed);

console.log(`${machine()}`);
console.log(`${detector.name}, ${detector.file}, SHA-256 ${detector.sha256}; ${detector.preprocessing}`);
console.log(`${data.name}: a reference of ${referenceCount} pictures against sets of ${count} others, seed ${seed}\n`);

let [seconds, passed] = [0, 0];

/** @param {Uint8Array[]} batch */
function featuresOf(batch) {
  const begin = process.cpuUsage();
  const { features } = detector.extract(batch, data.shape);
  const { user, system } = process.cpuUsage(begin);
  seconds += (user + system) / 1e6;
  passed += batch.length;
  return { count: batch.length, width: detector.features, values: features };
}

const reference = featuresOf(pictures.take(referenceCount));
const moments = momentsOf(reference);
const others = pictures.take(count);
const classes = pictures.classes();
const repeated = others.slice(0, Math.ceil(count / 20));

/** @type {[string, () => Uint8Array[]][]} */
const sets = [
  ['other pictures', () => others],
  ...[4, 8, 16, 32].map(
    (sigma) => /** @type {const} */ ([`noise of deviation ${sigma}`, () => noisy(others, sigma, seed)]),
  ),
  ...[24, 16, 8].map((side) => /** @type {const} */ ([`blur to ${side} px`, () => blurred(others, data.shape, side)])),
  [`${classes.slice(0, 5).length} of ${classes.length} classes`, () => mixed(classes.slice(0, 5), count)],
  [`1 of ${classes.length} classes`, () => mixed(classes.slice(0, 1), count)],
  [`${repeated.length} pictures repeated`, () => mixed([repeated], count)],
];
const { frechet, kernel } = detector.figures;
const rows = [['set', frechet, kernel, '±']];
for (const [name, make] of sets) {
  const set = featuresOf(make());
  const distance = await kernelDistance(set, reference);
  const error = (distance.standardError ?? Number.NaN).toFixed(4);
  rows.push([name, frechetDistance(moments, momentsOf(set)).toFixed(1), distance.value.toFixed(4), error]);
}
table(rows);
console.log(`\n${((1000 * seconds) / passed).toFixed(1)} ms of processor time a picture`);
detector.dispose();
data.close();
