// @ts-check
// The pitch of drawn sounds beside the pitch of the data: the table of docs/results.md. A pitch is the strongest frequency of 512
// samples under a Hann window. It is taken at 0.02 s and at 0.15 s.
//     node bench/soundPitch.mjs RUN [--sounds 20]
import { parseArgs } from 'node:util';
import { expand, loadModel, openDataset, sample } from '../packages/rin/dist/src/index.js';

const options = /** @type {const} */ ({ sounds: { type: 'string', default: '20' } });
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const model = await loadModel(positionals[0]);
const { source, data, model: network } = model.config;
const sounds = Number(values.sounds);
const window = 512;

/** Strongest frequency in hertz from a time on. @type {(wave: Float32Array, seconds: number, rate: number) => number} */
function pitch(wave, seconds, rate) {
  const start = Math.round(seconds * rate);
  const part = Array.from(
    { length: window },
    (_, i) => wave[start + i] * Math.sin((Math.PI * (i + 0.5)) / window) ** 2,
  );
  let [best, strongest] = [0, 0];
  for (let bin = 1; bin < window / 2; bin++) {
    let [re, im] = [0, 0];
    for (let i = 0; i < window; i++) {
      re += part[i] * Math.cos((2 * Math.PI * bin * i) / window);
      im += part[i] * Math.sin((2 * Math.PI * bin * i) / window);
    }
    if (re * re + im * im > strongest) [best, strongest] = [bin, re * re + im * im];
  }
  return (best * rate) / window;
}
/** @type {(numbers: number[]) => string} */
const spread = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))])).join(', ');
};
/** @type {(waves: Float32Array[], rate: number) => string} */
const columns = (waves, rate) => {
  const [early, late] = [0.02, 0.15].map((seconds) => waves.map((wave) => pitch(wave, seconds, rate)));
  return `${spread(early)} | ${spread(late)} | ${late.filter((hertz, i) => hertz > early[i]).length} of ${waves.length}`;
};

const rate = data.sampleRate ?? 16_000;
const real = await openDataset(source, { size: network.size, channels: network.channels, data });
console.log('| class | sounds | pitch at 0.02 s: quartiles, Hz | at 0.15 s | rises |\n|---|---|---|---|---:|');
for (const [label, name] of model.classes.entries()) {
  /** @type {Float32Array[]} */
  const waves = [];
  for (let index = 0; waves.length < sounds && index < real.length; index++) {
    const bytes = new Uint8Array(real.shape[1]);
    if (real.label(index) !== label) continue;
    real.read(index, bytes);
    waves.push(expand(bytes));
  }
  const seeds = Array.from({ length: sounds }, (_, i) => i);
  const drawn = await sample(model, { seeds, classes: [label] });
  console.log(`| ${name} | data | ${columns(waves, rate)} |`);
  console.log(
    `| ${name} | drawn | ${columns(
      drawn.map(({ data: bytes }) => expand(bytes)),
      rate,
    )} |`,
  );
}
