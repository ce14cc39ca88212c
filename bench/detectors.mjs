// Whether a detector's figures grow with the damage: distances from 2,000 pictures to sets of 1,000 others, which are clean, noisy,
// blurred, of fewer classes, or repeated. A wrong detector breaks the order of the rows.
//   node bench/detectors.mjs --data ../shared/data/cifar10/train.tar
//   node bench/detectors.mjs --detector i3d-kinetics-400 --data ../shared/data/video-clips --side 64 --reference 60 --set 30
//   --detector NAME   efficientnet-lite0 (default), inception, i3d-kinetics-400 or i3d
//   --file PATH       its weights, if they are not fetched
//   --size N          width of the detector's input: 128 (default) or 224
//   --side N          width and height of the samples (32)
//   --reference N     samples of the reference (2,000)
//   --set N           samples of each set (1,000)
//   --seed N          draws the samples and the noise (0)
import { openDataset, openDetector, parseConfig } from '../packages/rin/dist/src/index.js';
import { frechetDistance } from '../packages/rin/dist/src/metrics/frechet.js';
import { kernelDistance } from '../packages/rin/dist/src/metrics/kernel.js';
import { momentsOf } from '../packages/rin/dist/src/metrics/moments.js';
import { blurred, frozen, mixed, noisy, Pictures, reordered } from './distortions.mjs';
import { flags, machine, table } from './machine.mjs';

const given = flags({
  data: { type: 'string', default: '../shared/data/cifar10/train.tar' },
  detector: { type: 'string', default: 'efficientnet-lite0' },
  file: { type: 'string' },
  size: { type: 'string' },
  side: { type: 'string', default: '32' },
  reference: { type: 'string', default: '2000' },
  set: { type: 'string', default: '1000' },
  seed: { type: 'string', default: '0' },
});
const [referenceCount, count, seed] = [given.reference, given.set, given.seed].map(Number);
const size = given.size === undefined ? undefined : Number(given.size);
const detector = await openDetector({
  name: String(given.detector),
  path: given.file === undefined ? undefined : String(given.file),
  size,
  onProgress: console.error,
});
const isClips = detector.medium === 'clip';
const side = Number(given.side);
const sides = isClips ? [16, side, side] : [side, side];
const config = parseConfig({ model: { size: sides, channels: 3, patch: isClips ? [2, 4, 4] : 4 } }, 'detectors');
const data = await openDataset(String(given.data), {
  size: sides,
  channels: 3,
  data: config.data,
  onNotice: console.error,
});
const pictures = new Pictures(data, seed);

console.log(`${machine()}`);
console.log(`${detector.name}, ${detector.file}, SHA-256 ${detector.sha256}; ${detector.preprocessing}`);
console.log(
  `${data.name}: ${isClips ? 'clips of 16 frames' : 'pictures'} of ${side}×${side}, a reference of ${referenceCount} against sets of ${count} others, seed ${seed}\n`,
);

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
const classes = isClips ? [] : pictures.classes();
const repeated = others.slice(0, Math.ceil(count / 20));

/** @typedef {[name: string, make: () => Uint8Array[]]} Row */

/** @type {(sigma: number) => Row} */
const noise = (sigma) => [`noise of deviation ${sigma}`, () => noisy(others, sigma, seed)];
/** @type {(pixels: number) => Row} */
const blur = (pixels) => [`blur to ${pixels} px`, () => blurred(others, data.shape, pixels)];
/** @type {(few: number) => Row} */
const only = (few) => [`${few} of ${classes.length} classes`, () => mixed(classes.slice(0, few), count)];

/** @type {Row[]} */
const sets = [
  ['other samples', () => others],
  ...(isClips ? [8, 32] : [4, 8, 16, 32]).map(noise),
  ...[24, 16, 8].slice(isClips ? 1 : 0).map((part) => blur((part * side) / 32)),
  .../** @type {Row[]} */ (
    isClips
      ? [
          ['frames in another order', () => reordered(others, data.shape, seed)],
          ['the first frame, all the time', () => frozen(others, data.shape)],
        ]
      : [5, 1].map(only)
  ),
  [`${repeated.length} samples repeated`, () => mixed([repeated], count)],
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
console.log(`\n${((1000 * seconds) / passed).toFixed(1)} ms of processor time a sample`);
detector.dispose();
data.close();
