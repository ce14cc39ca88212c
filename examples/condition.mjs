// @ts-check
// Trains on discs, each with two embeddings as its condition: the colour, and the position with the radius. Then it draws discs
// for conditions that were never trained.
//     node examples/condition.mjs [IMAGES]
// It writes runs/discs and discs.png: a row for each condition. Ctrl-C saves and ends; the same command resumes.
import { grid, loadModel, loadPreset, sample, train, writePng } from 'rin';

const size = 16;

/** @typedef {{ colour: number[], x: number, y: number, radius: number }} Disc colour 0 to 1, the rest in pixels */

/** The condition of a disc: 2 embeddings of 3 numbers from −1 to 1, one after the other. @param {Disc} disc */
const embedded = ({ colour, x, y, radius }) =>
  Float32Array.from([...colour.map((share) => 2 * share - 1), x / 8 - 1, y / 8 - 1, radius - 4]);

/** Planar bytes [3, 16, 16] of a disc on white. @param {Disc} disc */
const drawn = ({ colour, x, y, radius }) =>
  Uint8Array.from({ length: 3 * size * size }, (_, at) => {
    const [column, row] = [at % size, Math.floor(at / size) % size];
    return Math.hypot(column + 0.5 - x, row + 0.5 - y) < radius ? 255 * colour[Math.floor(at / size ** 2)] : 255;
  });

/** Discs whose six numbers are spread evenly. */
function* discs() {
  for (let i = 0; i < 600; i++) {
    const [red, green, blue, left, top, width] = [2, 3, 5, 7, 11, 13].map((prime) => (i * Math.sqrt(prime)) % 1);
    const disc = { colour: [red, green, blue], x: 4 + 8 * left, y: 4 + 8 * top, radius: 3 + 2 * width };
    yield { pixels: drawn(disc), condition: embedded(disc) };
  }
}

const config = loadPreset('emoji-64', {
  name: 'discs',
  model: { size, patch: 4, classes: 0, conditionTokens: 2, conditionDim: 3, latents: 16, latentDim: 96 },
  training: { images: process.argv[2] ?? '20k' },
});
const run = 'runs/discs';
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
try {
  await train({ config, data: discs(), run, log: console.log, signal: stop.signal });
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.log(`${run} is saved; the same command resumes it`);
  process.exit();
}
const model = await loadModel(run);
const wanted = [
  { colour: [1, 0, 0], x: 5, y: 5, radius: 4 },
  { colour: [0, 0.6, 0], x: 11, y: 11, radius: 4 },
  { colour: [0, 0, 1], x: 8, y: 8, radius: 3 },
];
const seeds = Array.from({ length: 4 * wanted.length }, (_, i) => i);
const conditions = seeds.map((i) => embedded(wanted[Math.floor(i / 4)]));
// Guidance strengthens the condition, because the preset trains a tenth of the samples without it (`labelDropout`).
const images = await sample(model, { seeds, conditions, guidance: 1, steps: 50 });
await writePng('discs.png', grid(images, { columns: 4, labels: ['red', 'green', 'blue'], scale: 4 }));
for (const [row, disc] of wanted.entries()) {
  const truth = drawn(disc);
  const errors = images
    .slice(4 * row, 4 * row + 4)
    .map(({ data }) => data.reduce((sum, byte, i) => sum + (byte - truth[i]) ** 2, 0));
  const error = Math.sqrt(errors.reduce((sum, each) => sum + each, 0) / (4 * truth.length)) / 255;
  console.log(`disc ${row}: ${error.toFixed(3)} from the disc of its condition, as a root mean square of 0 to 1`);
}
