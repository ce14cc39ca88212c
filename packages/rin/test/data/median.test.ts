import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../../src/data/median.js';

test('the median counts every occurrence, and is the lower of two middle values', () => {
  assert.equal(
    median([
      [30, 1],
      [10, 3],
      [20, 1],
    ]),
    10,
  );
  assert.equal(
    median([
      [2, 1],
      [1, 1],
    ]),
    1,
  );
  assert.equal(
    median([
      [5, 1],
      [100, 1],
      [9, 1],
    ]),
    9,
  );
  assert.equal(median([]), 0);
});
