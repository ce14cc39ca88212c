// @ts-check
// How near a network with given frames comes to the frames that follow: the table of docs/results.md. The clips are held-out
// ones of the run's data. Each predicted frame, and for comparison the last given frame, is compared with the true one.
//     node bench/prediction.mjs RUN [--clips 56] [--picture FILE.png]
import { parseArgs } from 'node:util';
import {
  clipOf,
  framesOf,
  grid,
  loadModel,
  openDataset,
  sample,
  strip,
  writePng,
} from '../packages/rin/dist/src/index.js';
import { splitData } from '../packages/rin/dist/src/training/validation.js';

const options = /** @type {const} */ ({ clips: { type: 'string', default: '56' }, picture: { type: 'string' } });
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const model = await loadModel(positionals[0]);
const { source, data, model: network } = model.config;
const given = network.givenFrames;
const { heldOut } = splitData(
  await openDataset(source, { size: network.size, channels: network.channels, data }),
  model.config,
);
if (!heldOut || given === 0) throw new Error('expected a run with held-out data (--validation) and model.givenFrames');

const indices = Array.from({ length: Math.min(Number(values.clips), heldOut.length) }, (_, i) => i);
const truth = indices.map((index) => {
  const bytes = new Uint8Array(heldOut.shape.reduce((product, extent) => product * extent, 1));
  heldOut.read(index, bytes);
  return framesOf({ data: bytes, shape: heldOut.shape });
});
const classes = indices.map((index) => (heldOut.classes.length > 0 ? heldOut.label(index) : null));
const starts = truth.map((frames) => clipOf(frames.slice(0, given)));
const images = await sample(model, { seeds: indices, given: starts, classes });
const drawn = images.map((image) => framesOf(image));

/** @typedef {import('../packages/rin/dist/src/index.js').Image} Image */
/** Root mean square difference of pictures, with pixel values from 0 to 1. @type {(a: Image[], b: Image[]) => number} */
const error = (a, b) => {
  const squares = a.map(
    ({ data: x }, i) => x.reduce((sum, value, k) => sum + ((value - b[i].data[k]) / 255) ** 2, 0) / x.length,
  );
  return Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / squares.length);
};
console.log(`${indices.length} held-out clips, the first ${given} frames given\n`);
console.log('| frame | predicted | last given frame repeated |\n|---:|---:|---:|');
for (let frame = given; frame < truth[0].length; frame++) {
  const real = truth.map((frames) => frames[frame]);
  const predicted = error(
    drawn.map((frames) => frames[frame]),
    real,
  );
  const repeated = error(
    truth.map((frames) => frames[given - 1]),
    real,
  );
  console.log(`| ${frame + 1} | ${predicted.toFixed(3)} | ${repeated.toFixed(3)} |`);
}
if (values.picture) {
  const pairs = indices.slice(0, 7).flatMap((i) => [strip(truth[i]), strip(drawn[i])]);
  await writePng(values.picture, grid(pairs, { columns: 1 }));
}
