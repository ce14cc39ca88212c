import assert from 'node:assert/strict';

/** Fails unless the number is within the absolute tolerance of what is expected. */
export function near(actual: number, expected: number, tolerance: number, what = '') {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual}, expected ${expected} within ${tolerance}`);
}

/** The same for arrays; tells the first place that fails. */
export function nearAll(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what = '') {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) near(actual[i], expected[i], tolerance, `${what}[${i}]`);
}
