// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningMoments } from '../../bench/runningMoments.mjs';
import { frechetDistance } from '../../packages/rin/dist/src/index.js';

/** @param {readonly (readonly number[])[]} vectors */
function momentsOf(vectors) {
  const moments = new RunningMoments(vectors[0].length);
  for (const vector of vectors) moments.add(vector);
  return moments;
}

/**
 * 2·n points that have exactly a mean and a covariance A·Aᵀ: ± √n times each column of A.
 * @param {readonly number[]} mean
 * @param {readonly (readonly number[])[]} factor A, as rows
 */
function points(mean, factor) {
  const n = mean.length;
  return momentsOf(
    mean.flatMap((_, k) => [1, -1].map((sign) => mean.map((at, i) => at + sign * Math.sqrt(n) * factor[i][k]))),
  );
}

/** @param {number} found @param {number} expected */
const near = (found, expected) =>
  assert.ok(Math.abs(found - expected) <= 1e-9 * (1 + Math.abs(expected)), `${found} instead of ${expected}`);

/** A turn of the plane, as rows. @param {number} angle */
const turn = (angle) => [
  [Math.cos(angle), -Math.sin(angle)],
  [Math.sin(angle), Math.cos(angle)],
];

test('mean and covariance are those of the vectors', () => {
  const moments = momentsOf([
    [1, 2],
    [3, 8],
    [5, 5],
  ]);
  assert.deepEqual([...moments.mean], [3, 5]);
  const expected = [8 / 3, 2, 2, 6];
  for (const [i, value] of moments.covariance.entries()) near(value, expected[i]);
});

test('along one axis the distance is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
  near(frechetDistance(points([1], [[2]]), points([-2], [[0.5]])), 9 + 1.5 ** 2);
  near(frechetDistance(points([1], [[2]]), points([1], [[2]])), 0);
});

test('of covariances with common axes, however they are turned, it is the sum over these axes', () => {
  const [a, b] = [
    [3, 0.5],
    [1, 2],
  ];
  for (const angle of [0, 0.4, 1.2]) {
    const axes = turn(angle);
    const scaled = (/** @type {number[]} */ sigma) => axes.map((row) => row.map((value, k) => value * sigma[k]));
    near(frechetDistance(points([0, 1], scaled(a)), points([2, 0], scaled(b))), 5 + 2 ** 2 + 1.5 ** 2);
  }
});

test('of covariances with other axes, the trace of the root is that of two eigenvalues', () => {
  // In the plane tr(√M) = √(tr M + 2·√det M), here for M = Σ₁·Σ₂, whatever the axes.
  const [one, other] = [
    [
      [2, 0],
      [1, 1],
    ],
    [
      [0.5, 0.2],
      [-0.3, 1.5],
    ],
  ];
  const square = (/** @type {number[][]} */ m) =>
    m.map((row) => m.map((column) => row.reduce((sum, value, k) => sum + value * column[k], 0)));
  const [s, t] = [square(one), square(other)];
  const product = s.map((row) => t.map((_, j) => row.reduce((sum, value, k) => sum + value * t[k][j], 0)));
  const det = product[0][0] * product[1][1] - product[0][1] * product[1][0];
  const root = Math.sqrt(product[0][0] + product[1][1] + 2 * Math.sqrt(det));
  const expected = s[0][0] + s[1][1] + t[0][0] + t[1][1] - 2 * root;
  near(frechetDistance(points([0, 0], one), points([0, 0], other)), expected);
  near(frechetDistance(points([0, 0], other), points([0, 0], one)), expected);
});

test('a covariance without extent in a direction has a root too', () => {
  const flat = [
    [1, 0],
    [0, 0],
  ];
  near(frechetDistance(points([0, 0], flat), points([0, 0], turn(0))), 1);
});
