import { compand, philox4x32 } from '@rin/core';
import { type Dataset, MeanSquare } from './dataset.js';
import type { SoundSource } from './sources/sounds.js';
import { sha256 } from './storeIndex.js';

/** Changes with the sounds. */
const version = 1;

/** Number of sounds. An epoch of them is longer than a training. */
const sounds = 2 ** 24;

/** Number of sounds from which the mean square of all is estimated. */
const measured = 256;

/** Key of the draws: the word "tone". */
const key = [0x746f6e65, version] as const;

/** Draws in (0, 1), and noise in (−1, 1), of one sound. */
interface Draws {
  readonly pitch: number;
  readonly length: number;
  noise(i: number): number;
}

/** The amplitude at a time. @param t in seconds @param i number of the sample @returns about −1 to 1 */
type Instrument = (t: number, i: number, draws: Draws) => number;

const sine = (cycles: number): number => Math.sin(2 * Math.PI * cycles);
const between = (least: number, most: number, draw: number): number => least * (most / least) ** draw;
/** Fading to 1/e in a time. */
const fading = (t: number, seconds: number): number => Math.exp(-t / seconds);

/** Cycles of a chirp that goes from one frequency to another in an octave's steady steps. @param seconds of the whole way */
const chirp = (t: number, from: number, to: number, seconds: number): number => {
  const rate = Math.log(to / from) / seconds;
  return (from * Math.expm1(rate * t)) / rate;
};

/** The instruments in alphabetical order. */
const instruments: Readonly<Record<string, Instrument>> = {
  bell(t, _, { pitch, length }) {
    const f = between(300, 800, pitch);
    const partials = [1, 2.76, 5.4].map(
      (ratio, k) => (sine(ratio * f * t) * fading(t, between(0.15, 0.4, length) / ratio)) / 2 ** k,
    );
    return 0.5 * partials.reduce((a, b) => a + b);
  },
  fall: (t, _, { pitch, length }) =>
    0.7 *
    sine(chirp(t, between(800, 2400, pitch), 120, between(0.2, 0.4, length))) *
    (t < between(0.2, 0.4, length) ? 1 : 0),
  hat: (t, i, { length, noise }) => 0.5 * (noise(i) - noise(i + 1)) * fading(t, between(0.015, 0.06, length)),
  kick: (t, _, { pitch, length }) =>
    sine(50 * t + between(2, 5, pitch) * (1 - fading(t, 0.03))) * fading(t, between(0.08, 0.2, length)),
  rise: (t, _, { pitch, length }) =>
    0.7 *
    sine(chirp(t, 120, between(800, 2400, pitch), between(0.2, 0.4, length))) *
    (t < between(0.2, 0.4, length) ? 1 : 0),
  snare: (t, i, { pitch, length, noise }) =>
    0.5 * (noise(i) + sine(between(150, 260, pitch) * t)) * fading(t, between(0.03, 0.1, length)),
};

/** The built-in sounds: drums, bells and chirps made by formulas. Each sound is a function of its index alone. */
export function tonesSource(): SoundSource {
  const classes = Object.keys(instruments);
  return {
    name: 'tones',
    list: async () => ({ recordings: [], classes, missing: [], close() {} }),
    built: async (shape, rate) => openTones(shape, rate, classes),
  };
}

/** @param shape [1, L] @param rate samples in a second */
function openTones(shape: readonly number[], rate: number, classes: readonly string[]): Dataset {
  const [, length] = shape;
  const read = (index: number, out: Uint8Array) => {
    if (!Number.isInteger(index) || index < 0 || index >= sounds)
      throw new RangeError(`tones: sample ${index}: expected 0 to ${sounds - 1}`);
    if (out.length < length) throw new RangeError(`a sample has ${length} values, not ${out.length}`);
    out.set(compand(tone(index, length, rate)));
  };
  const meanSquare = new MeanSquare();
  const sample = new Uint8Array(length);
  for (let index = 0; index < measured; index++) {
    read(index, sample);
    meanSquare.add(sample);
  }
  return {
    ...{ name: 'tones', length: sounds, shape, classes, meanSquare: meanSquare.value, skipped: [], memory: 0 },
    fingerprint: sha256(JSON.stringify(['tones', version, shape, rate])),
    label: (index) => index % classes.length,
    read,
    close() {},
  };
}

/** The amplitudes of the sound of an index. The instruments take turns. */
function tone(index: number, length: number, rate: number): Float32Array {
  const names = Object.keys(instruments);
  const instrument = instruments[names[index % names.length]];
  const [pitch, lasting, loudness] = philox4x32([index, 0, 0, 0], key).map((word) => (word + 0.5) / 2 ** 32);
  const words: number[] = [];
  const noise = (i: number): number => {
    while (words.length <= i) words.push(...philox4x32([index, words.length / 4, 1, 0], key));
    return (words[i] + 0.5) / 2 ** 31 - 1;
  };
  const volume = between(0.4, 1, loudness);
  return Float32Array.from({ length }, (_, i) => volume * instrument(i / rate, i, { pitch, length: lasting, noise }));
}
