import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boxMuller, logUniform, nameSample, normals, philox4x32, purposes, uniform, uniforms } from '../src/random.js';

const hex = (words: Iterable<number>) => Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(' ');

/** 32-bit words at both ends, around every power of two and around the places where the reductions change branch. */
function words(): number[] {
  const all = new Set<number>();
  const near = (centre: number) => {
    for (let i = -3; i <= 3; i++) all.add((Math.floor(centre) + i + 2 ** 32) % 2 ** 32);
  };
  for (let power = 0; power <= 32; power++) {
    near(2 ** power);
    near(2 ** power * Math.SQRT1_2);
    near((2 ** power * 181) / 256);
  }
  for (let eighth = 0; eighth < 8; eighth++) near(eighth * 2 ** 29);
  const draws = new Float64Array(20_000);
  uniforms(1, 'noise', 0, 0, draws);
  for (const u of draws) all.add(Math.floor(u * 2 ** 32));
  return [...all];
}

test('Philox4x32-10 gives the published known answers of Random123', () => {
  const full = 0xffffffff;
  assert.equal(hex(philox4x32([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  assert.equal(hex(philox4x32([full, full, full, full], [full, full])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  assert.equal(
    hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

test('Philox is the same in 64-bit integers, for counters and keys of every size', () => {
  const low = 0xffffffffn;
  const reference = (counter: number[], key: number[]) => {
    let [a, b, c, d] = counter.map(BigInt);
    let [k0, k1] = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const [p, q] = [a * 0xd2511f53n, c * 0xcd9e8d57n];
      [a, b, c, d] = [(q >> 32n) ^ b ^ k0, q & low, (p >> 32n) ^ d ^ k1, p & low];
      [k0, k1] = [(k0 + 0x9e3779b9n) & low, (k1 + 0xbb67ae85n) & low];
    }
    return [a, b, c, d].map(Number);
  };
  const some = words().slice(0, 4000);
  for (let i = 0; i + 6 <= some.length; i++) {
    const [a, b, c, d, k0, k1] = some.slice(i, i + 6);
    assert.deepEqual(philox4x32([a, b, c, d], [k0, k1]), reference([a, b, c, d], [k0, k1]));
  }
});

test('the number of a purpose never changes, because it is part of every draw', () => {
  assert.deepEqual(purposes, {
    ...{ initialisation: 0, order: 1, flip: 2, time: 3, noise: 4, selfConditioning: 5, labelDropout: 6 },
    ...{ sampleStart: 7, sampleStep: 8, dropout: 9, strata: 10, validation: 11, latentDrop: 12 },
    ...{ knownNoise: 20, jumpNoise: 21 },
  });
});

test('a uniform is word i % 4 of block i / 4, under the documented key and counter', () => {
  const [seed, sample, step] = [7 * 2 ** 32 + 0x89abcdef, 5 * 2 ** 32 + 0xfedcba98, 0xf0000001];
  const out = new Float64Array(11);
  uniforms(seed, 'sampleStep', sample, step, out);
  const expected = Array.from({ length: 11 }, (_, i) => {
    const counter = [Math.floor(i / 4), 0xfedcba98, step, purposes.sampleStep * 2 ** 24 + 5] as const;
    return (philox4x32(counter, [0x89abcdef, 7])[i % 4] + 0.5) / 2 ** 32;
  });
  assert.deepEqual(Array.from(out), expected);
  assert.equal(uniform(seed, 'sampleStep', sample, step), expected[0]);
});

test('the logarithm is that of Math.log to 1e-15 for every size of word', () => {
  for (const x of words()) {
    const expected = Math.log((2 * x + 1) / 2 ** 33);
    const error = Math.abs(logUniform(x) / expected - 1);
    assert.ok(error < 1e-15, `word ${x}: ${logUniform(x)} against ${expected}`);
  }
});

test('sine and cosine are those of Math to 1e-15 in every octant', () => {
  const out = new Float64Array(2);
  for (const y of words()) {
    // The oracle takes whole quarter turns off a fraction of a turn, which is exact, before it multiplies by pi.
    const turn = (2 * y + 1) / 2 ** 33;
    const quarter = Math.round(turn * 4);
    const [c, s] = [Math.cos, Math.sin].map((f) => f((turn - quarter / 4) * 2 * Math.PI));
    const expected = [
      [c, s],
      [-s, c],
      [-c, -s],
      [s, -c],
    ][quarter % 4];
    boxMuller(0x80000000, y, out, 0);
    const r = Math.sqrt(-2 * Math.log((2 ** 32 + 1) / 2 ** 33));
    for (const [i, value] of expected.entries()) {
      const error = Math.abs(out[i] / (r * value) - 1);
      assert.ok(error < 1.5e-15, `word ${y}: ${out[i]} against ${r * value}`);
    }
  }
});

test('normals are Box and Muller of consecutive uniforms, to the last place of float32', () => {
  const [u, z] = [new Float64Array(10_000), new Float32Array(10_000)];
  uniforms(3, 'noise', 4, 5, u);
  normals(3, 'noise', 4, 5, z);
  for (let i = 0; i < u.length; i += 2) {
    const r = Math.sqrt(-2 * Math.log(u[i]));
    for (const [j, value] of [r * Math.cos(2 * Math.PI * u[i + 1]), r * Math.sin(2 * Math.PI * u[i + 1])].entries()) {
      // Half a unit in the last place of float32 from rounding; 1e-14 because this oracle reduces 2 pi u badly near zeros.
      assert.ok(Math.abs(z[i + j] - value) <= Math.abs(value) * 2 ** -24 + 1e-14, `${z[i + j]} against ${value}`);
    }
  }
});

test('the largest possible draw is finite and the sign is balanced at the extremes', () => {
  const out = new Float64Array(2);
  boxMuller(0, 0, out, 0); // u = 2^-33
  assert.ok(Math.abs(out[0] - Math.sqrt(66 * Math.LN2)) < 1e-14);
  boxMuller(0xffffffff, 0xffffffff, out, 0); // u = 1 - 2^-33, the angle a hair below a full turn
  assert.ok(out[0] > 0 && out[1] < 0);
  assert.ok(Math.abs(out[0] / 2 ** -16 - 1) < 1e-9);
});

test('draws never change: the bits of normals and uniforms are fixed', () => {
  const z = new Float32Array(100_003);
  normals(2 ** 40 + 12345, 'sampleStart', 2 ** 35 + 6, 789, z);
  const u = new Float64Array(1001);
  uniforms(2 ** 40 + 12345, 'time', 2 ** 35 + 6, 789, u);
  const checksum = (bytes: Uint8Array) => nameSample(String.fromCharCode(...bytes)).toString(16);
  const bytes = (values: Float32Array | Float64Array) => new Uint8Array(values.buffer);
  const chunks = Array.from({ length: 5 }, (_, i) => checksum(bytes(z).slice(i * 80_000, (i + 1) * 80_000)));
  assert.deepEqual(chunks, ['6aec4238', '3dbd383f', 'd2b2e997', '9e69c988', '4cd7efa1']);
  assert.equal(checksum(bytes(u)), 'f9eee7ef');
});

test('a draw does not depend on how many are drawn, or on anything drawn before', () => {
  const whole = new Float32Array(64);
  normals(1, 'noise', 2, 3, whole);
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 63]) {
    const part = new Float32Array(length);
    normals(9, 'time', 9, 9, new Float32Array(5));
    normals(1, 'noise', 2, 3, part);
    assert.deepEqual(part, whole.slice(0, length));
  }
});

test('seed, purpose, sample and step each give another stream, their high bits too', () => {
  const streams = [
    [0, 'noise', 0, 0],
    [1, 'noise', 0, 0],
    [2 ** 32, 'noise', 0, 0],
    [2 ** 53 - 1, 'noise', 0, 0],
    [0, 'time', 0, 0],
    [0, 'noise', 1, 0],
    [0, 'noise', 2 ** 32, 0],
    [0, 'noise', 2 ** 53 - 1, 0],
    [0, 'noise', 0, 1],
    [0, 'noise', 0, 2 ** 32 - 1],
  ] as const;
  const firsts = streams.map(([seed, purpose, sample, step]) => uniform(seed, purpose, sample, step));
  assert.equal(new Set(firsts).size, streams.length);
});

test('a seed, sample or step outside its range is refused by name', () => {
  const out = new Float64Array(1);
  assert.throws(
    () => uniforms(-1, 'noise', 0, 0, out),
    /seed is -1; expected a whole number from 0 to 9007199254740991/,
  );
  assert.throws(() => uniforms(0, 'noise', 0.5, 0, out), /sample is 0\.5/);
  assert.throws(() => normals(0, 'noise', 0, 2 ** 32, new Float32Array(1)), /step is 4294967296/);
  assert.throws(() => uniforms(Number.NaN, 'noise', 0, 0, out), /seed is NaN/);
});

test('names are hashed by FNV-1a, 32 bits', () => {
  assert.deepEqual(['', 'a', 'foobar'].map(nameSample), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

// Statistics. The draws are fixed, so these never fail by chance; the bounds are what an ideal generator keeps with
// probability above 0.999.

test('four million normals have the moments and the distribution of the standard normal', () => {
  const n = 4_000_000;
  const z = new Float32Array(n);
  for (let i = 0; i < 4000; i++) normals(i % 4, 'noise', Math.floor(i / 4), 0, z.subarray(i * 1000, (i + 1) * 1000));
  const sums = [0, 0, 0, 0];
  for (const value of z) for (let k = 0, power = value; k < 4; k++, power *= value) sums[k] += power;
  // The mean of z^k has variance (E z^2k - (E z^k)^2) / n.
  for (const [i, [mean, variance]] of [
    [0, 1],
    [1, 2],
    [0, 15],
    [3, 96],
  ].entries()) {
    const moment = sums[i] / n;
    assert.ok(Math.abs(moment - mean) < 3.3 * Math.sqrt(variance / n), `moment ${i + 1}: ${moment}`);
  }
  // Kolmogorov and Smirnov, on the first million: sqrt(n) D < 1.95 with probability 0.999.
  const sorted = z.subarray(0, n / 4).toSorted();
  let worst = 0;
  for (const [i, value] of sorted.entries()) {
    const p = normalCdf(value) * sorted.length;
    worst = Math.max(worst, Math.abs(p - i), Math.abs(p - i - 1));
  }
  assert.ok(worst / Math.sqrt(sorted.length) < 1.95, `D = ${worst / sorted.length}`);
});

test('normals are uncorrelated along a stream, between neighbours, and between cosine and sine', () => {
  const n = 400_000;
  const z = new Float32Array(n);
  normals(11, 'noise', 0, 0, z);
  const other = new Float32Array(n);
  normals(11, 'noise', 1, 0, other);
  const correlation = (a: Float32Array, b: Float32Array, lag: number) => {
    let sum = 0;
    for (let i = 0; i + lag < n; i++) sum += a[i] * b[i + lag];
    return sum / (n - lag);
  };
  for (const lag of [1, 2, 3, 4, 5, 8]) {
    const c = correlation(z, z, lag);
    assert.ok(Math.abs(c) < 3.3 / Math.sqrt(n), `lag ${lag}: ${c}`);
  }
  assert.ok(Math.abs(correlation(z, other, 0)) < 3.3 / Math.sqrt(n));
  // Pairs fill the plane evenly in angle: chi-squared of 64 sectors, 63 degrees of freedom, stays below 103 (p = 0.999).
  const sectors = new Float64Array(64);
  for (let i = 0; i < n; i += 2) sectors[Math.floor(((Math.atan2(z[i + 1], z[i]) / (2 * Math.PI) + 1) % 1) * 64)]++;
  const expected = n / 2 / 64;
  const chi = sectors.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(chi < 103, `chi-squared ${chi}`);
});

test('first uniforms of consecutive samples are uniform', () => {
  // One draw a sample, as for times and flips: 256 cells, 255 degrees of freedom, chi-squared below 331 (p = 0.999).
  const cells = new Float64Array(256);
  const n = 100_000;
  for (let i = 0; i < n; i++) cells[Math.floor(uniform(0, 'time', i, 0) * 256)]++;
  const chi = cells.reduce((sum, count) => sum + (count - n / 256) ** 2 / (n / 256), 0);
  assert.ok(chi < 331, `chi-squared ${chi}`);
});

/** Distribution function of the standard normal, by Marsaglia's series phi(x) (x + x^3/3 + x^5/15 + …) + 1/2. */
function normalCdf(x: number): number {
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-16 * Math.abs(sum) && i < 200; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
