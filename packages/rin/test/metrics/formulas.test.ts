import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normals } from '@rin/core';
import { densityCoverage } from '../../src/metrics/densityCoverage.js';
import { frechetDistance } from '../../src/metrics/frechet.js';
import { inceptionScore } from '../../src/metrics/inceptionScore.js';
import { kernelDistance } from '../../src/metrics/kernel.js';
import { type Moments, momentsOf } from '../../src/metrics/moments.js';
import { precisionRecall } from '../../src/metrics/precisionRecall.js';
import { madeFeatures, rowsOf } from './features.js';

const moments = (mean: readonly number[], ...rows: readonly (readonly number[])[]): Moments => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(rows.flat()),
});

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);

test('the Fréchet distance of normals of one dimension is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
  near(frechetDistance(moments([3], [4]), moments([1], [25])), 4 + 9, 1e-13);
});

test('the Fréchet distance of two covariances that do not commute is the closed form of two dimensions', () => {
  const [a, b] = [moments([0, 0], [2, 1], [1, 3]), moments([1, -1], [5, -2], [-2, 1])];
  // tr(√M) = √(tr M + 2·√det M) for M = AB
  const [traceOfProduct, determinant] = [2 * 5 - 2 - 2 + 3 * 1, 5 * 1];
  const expected = 2 + 5 + 6 - 2 * Math.sqrt(traceOfProduct + 2 * Math.sqrt(determinant));
  near(frechetDistance(a, b), expected, 1e-13);
  near(frechetDistance(b, a), expected, 1e-13);
});

test('the Fréchet distance of a set to itself is 0, and that of points without spread their squared distance', () => {
  const some = momentsOf(madeFeatures(12, 32, 1)); // without full rank
  near(frechetDistance(some, some), 0, 1e-10);
  const [a, b] = [
    [1, 2],
    [4, 6],
  ].map((row) => momentsOf(rowsOf([row, row, row])));
  near(frechetDistance(a, b), 25, 1e-13);
});

test('the covariance of large means keeps its digits, and is divided by n − 1', () => {
  const { mean, covariance } = momentsOf(
    rowsOf([
      [1_000_001, 5],
      [1_000_003, 5],
    ]),
  );
  assert.deepEqual([...mean], [1_000_002, 5]);
  assert.deepEqual([...covariance], [2, 0, 0, 0]);
});

/** Sets of normals of one dimension. */
function normalSet(count: number, seed: number, mean: number, deviation: number) {
  const values = new Float32Array(count);
  normals(seed, 'noise', 0, 0, values);
  return { count, width: 1, values: values.map((value) => mean + deviation * value) };
}

test('the kernel distance of normals is that of their moments, without bias in the count, and the error is as said', async () => {
  // MMD² = Σ_j C(3, j)·(E[xʲ] − E[yʲ])² for k(x, y) = (xy + 1)³ = Σ_j C(3, j)·xʲyʲ
  const moment = (mean: number, deviation: number) => [
    mean,
    mean ** 2 + deviation ** 2,
    mean ** 3 + 3 * mean * deviation ** 2,
  ];
  const [x, y] = [moment(0.5, 1.2), moment(0, 1)];
  const expected = [3, 3, 1].reduce((sum, binomial, j) => sum + binomial * (x[j] - y[j]) ** 2, 0);
  const found = [];
  for (let seed = 0; seed < 300; seed++)
    found.push(await kernelDistance(normalSet(20, 2 * seed, 0.5, 1.2), normalSet(30, 2 * seed + 1, 0, 1)));
  const mean = found.reduce((sum, { value }) => sum + value, 0) / found.length;
  const variance = found.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (found.length - 1);
  near(mean, expected, 3 * Math.sqrt(variance / found.length)); // three standard errors of the mean
  const told = found.reduce((sum, { standardError }) => sum + (standardError ?? Number.NaN) ** 2, 0) / found.length;
  assert.ok(told > 0.8 * variance && told < 2 * variance, `variance ${variance}, told ${told}`); // the jackknife never tells too little on average
});

test('the Inception score is 1 if all samples look alike, and the number of classes if each is seen equally often', () => {
  const logits = (rows: number, classOf: (row: number) => number) =>
    rowsOf(Array.from({ length: rows }, (_, row) => [0, 1, 2, 3].map((each) => (each === classOf(row) ? 100 : 0))));
  near(inceptionScore(logits(8, () => 2)).value, 1, 1e-12);
  near(inceptionScore(logits(8, (row) => row % 4)).value, 4, 1e-12);
  const halves = inceptionScore(
    logits(8, (row) => (row < 4 ? row : 0)),
    2,
  );
  near(halves.value, 2.5, 1e-12);
  near(halves.deviation, 1.5, 1e-12);
});

test('precision, recall, density and coverage of points on a line are those counted by hand', async () => {
  const reference = rowsOf([0, 1, 2, 3, 4, 100, 101, 102, 103, 104].map((x) => [x])); // two modes; the third neighbour is 2 or 3 away, the fifth 96 to 98
  const samples = rowsOf([1.5, 1.6, 2.4, 2.5, 2.6, 50].map((x) => [x]));
  // Radii of the samples with k = 3: 1, 0.9, 0.9, 0.9, 1, 47.5; the ball of 50 reaches from 2.5 to 97.5.
  // So 1, 2, 3 and 4 are recalled, and all samples but 50 are precise.
  assert.deepEqual(await precisionRecall(samples, reference), { precision: 5 / 6, recall: 4 / 10 });
  // With k = 5 every ball of the reference reaches to the other mode: at least 96. Those of 0 … 4 hold all six samples; so do those of
  // 100 … 104 with radius 96 … 100, which begin at 4 and do not hold the first five.
  assert.deepEqual(await densityCoverage(samples, reference), { density: (5 * 6 + 5) / (5 * 6), coverage: 1 });
});

test('neighbourhoods are the same in one block and in several', async () => {
  const [few, many] = [madeFeatures(40, 3, 7), madeFeatures(2100, 3, 8)];
  const { precision } = await precisionRecall(few, many);
  const square = (i: number, j: number, a = many, b = many) =>
    [0, 1, 2].reduce((sum, d) => sum + (a.values[3 * i + d] - b.values[3 * j + d]) ** 2, 0);
  const radii = Array.from(
    { length: many.count },
    (_, i) => Array.from({ length: many.count }, (_, j) => square(i, j)).sort((a, b) => a - b)[3],
  );
  const inside = Array.from({ length: few.count }, (_, i) =>
    radii.some((radius, j) => square(i, j, few, many) <= radius),
  );
  assert.equal(precision, inside.filter(Boolean).length / few.count);
});

test('sets that cannot be compared are refused with one sentence', async () => {
  const [three, five, other] = [madeFeatures(3, 2, 1), madeFeatures(5, 2, 2), madeFeatures(8, 3, 3)];
  const one = madeFeatures(1, 2, 1);
  assert.throws(() => momentsOf(one), /^RinError: mean and covariance: a set has 1 sample; expected at least 2/);
  await assert.rejects(
    kernelDistance(one, five),
    /kernel distance: a set has 1 sample; expected at least 2 in each set/,
  );
  await assert.rejects(precisionRecall(three, five), /precision and recall: a set has 3 samples; expected at least 4/);
  await assert.rejects(densityCoverage(other, five), /density and coverage: a set has 5 samples; expected at least 6/);
  await assert.rejects(
    kernelDistance(five, other),
    /2 numbers in one set and 3 in the other; use one detector for both/,
  );
  assert.throws(() => frechetDistance(momentsOf(five), momentsOf(other)), /means of 2 and 3 numbers/);
});

test('a comparison stops when it is asked to', async () => {
  const stop = new AbortController();
  stop.abort(new Error('enough'));
  const [a, b] = [madeFeatures(10, 2, 1), madeFeatures(10, 2, 2)];
  await assert.rejects(kernelDistance(a, b, { signal: stop.signal }), /enough/);
  await assert.rejects(precisionRecall(a, b, { signal: stop.signal }), /enough/);
});
