/*
 * Random numbers are functions of (seed, purpose, sample, step). A sample therefore sees the same draws for every batch size
 * and number of processes, and after every resume. The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). The method of Box and Muller (1958) turns its uniforms into normals.
 *
 * Bits are part of the promise. Every operation below is an integer operation, or one that IEEE 754 rounds exactly (+ − · /
 * √). Math.log and Math.sin differ between engines, so they are not used. The native twin does the same operations in
 * float64, in the same order, without fused multiply-adds: products before sums, left to right, brackets as written. A
 * changed operation, or a changed order, changes every trained run.
 */

/** The purposes of draws. Their numbers are part of the bits, so new ones are only appended. */
export const purposes = {
  initialisation: 0,
  order: 1,
  flip: 2,
  time: 3,
  noise: 4,
  selfConditioning: 5,
  labelDropout: 6,
  sampleStart: 7,
  sampleStep: 8,
  dropout: 9,
  strata: 10,
  validation: 11,
  latentDrop: 12,
  knownNoise: 20,
  jumpNoise: 21,
} as const;
/** A purpose by its name. */
export type Purpose = keyof typeof purposes;

/** Two unsigned 32-bit integers: a key. */
export type Words2 = readonly [number, number];
/** Four unsigned 32-bit integers: a counter. */
export type Words4 = readonly [number, number, number, number];

/** The block function of Philox4x32 with 10 rounds. All words are unsigned 32-bit integers. */
export function philox4x32(counter: Words4, key: Words2): [number, number, number, number] {
  philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return [block[0], block[1], block[2], block[3]];
}

/**
 * Fills `out` with independent uniforms in the open interval (0, 1): (x + ½)/2³² for the words x of the stream. Word i is
 * word i mod 4 of block ⌊i/4⌋, with
 *
 *     key     = [seed low, seed high]                                 32-bit words
 *     counter = [block, sample low, step, purpose·2²⁴ + sample high]
 *
 * @param seed    integer in [0, 2⁵³)
 * @param sample  integer in [0, 2⁵³): position in the training stream, a picture's seed, or `nameSample(name)`
 * @param step    integer in [0, 2³²)
 * @throws RangeError if an argument is outside its range
 */
export function uniforms(seed: number, purpose: Purpose, sample: number, step: number, out: Float64Array): void {
  check(seed, sample, step);
  const [k0, k1, c1, c3] = [seed | 0, high(seed), sample | 0, (purposes[purpose] << 24) | high(sample)];
  for (let i = 0; i < out.length; i += 4) {
    philox(i >>> 2, c1, step, c3, k0, k1);
    for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = (block[j] + 0.5) * 2 ** -32;
  }
}

/** One draw in (0, 1): the first value of `uniforms`, with the same parameters and errors. */
export function uniform(seed: number, purpose: Purpose, sample: number, step: number): number {
  uniforms(seed, purpose, sample, step, single);
  return single[0];
}

/**
 * Fills `out` with independent standard normals (Box & Muller 1958). Let u and v be the uniforms 2j and 2j + 1 of the same
 * stream, and r = √(−2·ln u). Then the normals 2j and 2j + 1 are r·cos(2πv) and r·sin(2πv), in float64, rounded to float32.
 * No magnitude is above 6.76. Parameters and errors are the same as for `uniforms`.
 */
export function normals(seed: number, purpose: Purpose, sample: number, step: number, out: Float32Array): void {
  check(seed, sample, step);
  const [k0, k1, c1, c3] = [seed | 0, high(seed), sample | 0, (purposes[purpose] << 24) | high(sample)];
  const whole = out.length - (out.length % 4);
  for (let i = 0; i < whole; i += 4) {
    philox(i >>> 2, c1, step, c3, k0, k1);
    boxMuller(block[0], block[1], out, i);
    boxMuller(block[2], block[3], out, i + 2);
  }
  if (whole < out.length) {
    philox(whole >>> 2, c1, step, c3, k0, k1);
    boxMuller(block[0], block[1], rest, 0);
    boxMuller(block[2], block[3], rest, 2);
    for (let j = 0; whole + j < out.length; j++) out[whole + j] = rest[j];
  }
}

/** The `sample` for the initial values of a parameter: the FNV-1a hash of its name, 32 bits. */
export function nameSample(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** ln((2x + 1)/2³³) for a 32-bit word x; the relative error is below 4e-16. */
export function logUniform(x: number): number {
  // The argument is m·2ᵏ with m in [0.707, 1.414). Move the top bit of a word to bit 31. The word is at least 181/128 times
  // a power of two exactly if its top byte is at least 181. Then take the next power.
  const shift = Math.clz32(x); // 32 for x = 0; any shift of 0 gives 0
  const length = 32 - shift + ((((x << shift) >>> 24) + 75) >>> 8);
  const m = (2 * x + 1) * powers[length]; // exact
  // ln m = 2·artanh s = 2s + s·z·P(z), s = (m − 1)/(m + 1), z = s²
  const f = m - 1; // exact
  const s = f / (f + 2);
  const z = s * s;
  let p = 0.14617270076255864;
  p = p * z + 0.15331655208184797;
  p = p * z + 0.18182891123236233;
  p = p * z + 0.22222211107364268;
  p = p * z + 0.28571428626143575;
  p = p * z + 0.39999999999899133;
  p = p * z + 0.666666666666667;
  return (length - 33) * Math.LN2 + (2 * s + s * z * p);
}

/** powers[i] = 2⁻ⁱ. It scales a number of i + 1 bits to [1, 2), and a number of i bits to [½, 1). */
const powers = Float64Array.from({ length: 34 }, (_, i) => 2 ** -i);

/** cos(q·π/2) for q = 0 to 3; sin(q·π/2) is the entry before it. */
const turns = Float64Array.of(1, 0, -1, 0);

/**
 * Two normals from 32-bit words x and y (Box & Muller 1958). Let u = (2x + 1)/2³³, v = (2y + 1)/2³³ and r = √(−2·ln u).
 * Writes r·cos(2πv) to out[at] and r·sin(2πv) to out[at + 1]. The relative error before the rounding to `out` is below
 * 1e-15.
 */
export function boxMuller(x: number, y: number, out: Float32Array | Float64Array, at: number): void {
  const r = Math.sqrt(-2 * logUniform(x));
  // 2πv = q·π/2 + angle with the angle in [−π/4, π/4); both are exact in integers
  const q = (y + 0x20000000) >>> 30; // modulo 2³², so that a sum of 2³² or more is quarter 0 again
  const angle = (2 * ((y - (q << 30)) | 0) + 1) * (Math.PI * 2 ** -32);
  const z = angle * angle;
  let p = 1.5918129294866608e-10;
  p = p * z + -2.5051131845003624e-8;
  p = p * z + 2.755731610255244e-6;
  p = p * z + -0.00019841269836758574;
  p = p * z + 0.008333333333330948;
  p = p * z + -0.16666666666666666;
  const sine = angle + angle * z * p;
  p = -1.1382632425521717e-11;
  p = p * z + 2.08761462684032e-9;
  p = p * z + -2.7557317271729793e-7;
  p = p * z + 2.480158729876569e-5;
  p = p * z + -0.0013888888888887398;
  p = p * z + 0.041666666666666664;
  const cosine = 1 - 0.5 * z + z * z * p;
  // In each sum, one of a and b is 0 and the other is 1 or -1: exact, without a branch.
  const a = turns[q];
  const b = turns[(q + 3) & 3];
  out[at] = r * (cosine * a - sine * b);
  out[at + 1] = r * (cosine * b + sine * a);
}

const block = new Uint32Array(4);
const single = new Float64Array(1);
const rest = new Float32Array(4);

const high = (integer: number) => Math.floor(integer / 2 ** 32);

function check(seed: number, sample: number, step: number): void {
  for (const [name, value, end] of [
    ['seed', seed, 2 ** 53],
    ['sample', sample, 2 ** 53],
    ['step', step, 2 ** 32],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value >= end) {
      throw new RangeError(`random draws: ${name} is ${value}; expected a whole number from 0 to ${end - 1}`);
    }
  }
}

/**
 * Writes Philox4x32-10 to `block`. Each round multiplies two words by constants and mixes the halves of the 64-bit products.
 * JavaScript has no 64-bit integer multiplication for numbers, so 16-bit parts give the high halves.
 */
function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void {
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(c0, 0xd251, 0x1f53);
    const high1 = highProduct(c2, 0xcd9e, 0x8d57);
    const low0 = Math.imul(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** Bits 32 to 63 of word·(high·2¹⁶ + low). */
function highProduct(word: number, high: number, low: number): number {
  const a = word & 0xffff;
  const b = word >>> 16;
  const middle = (Math.imul(b, low) + (Math.imul(a, low) >>> 16)) | 0;
  return (Math.imul(b, high) + (middle >>> 16) + ((Math.imul(a, high) + (middle & 0xffff)) >>> 16)) | 0;
}
