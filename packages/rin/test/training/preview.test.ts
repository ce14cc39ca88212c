import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../src/data/dataset.js';
import { realSamples } from '../../src/training/preview.js';

/** Samples of one value, their index, in three classes. It counts the labels that are asked for. */
function counting(length: number): { data: Dataset; asked(): number } {
  let asked = 0;
  const data: Dataset = {
    ...{ name: 'counting', length, shape: [1, 1, 1], classes: ['a', 'b', 'c'], meanSquare: 0.3, skipped: [] },
    fingerprint: 'counting',
    label(index) {
      asked++;
      return index % 3;
    },
    read: (index, out) => out.set([index]),
    close() {},
  };
  return { data, asked: () => asked };
}

test('a preview of the data has the first samples of each class, and reads no labels after them', () => {
  const layout = { columns: 2, classes: [0, 0, 2, 2] };
  const { data, asked } = counting(2 ** 24);
  assert.deepEqual(
    realSamples(data, layout).map((each) => each.data[0]),
    [0, 3, 2, 5],
  );
  assert.equal(asked(), 6);
  const few = counting(4); // class 2 has one sample, which is repeated
  assert.deepEqual(
    realSamples(few.data, layout).map((each) => each.data[0]),
    [0, 3, 2, 2],
  );
});

test('without classes, a preview of the data has its first samples', () => {
  const { data, asked } = counting(2 ** 24);
  const samples = realSamples(data, { columns: 2, classes: [-1, -1, -1] });
  assert.deepEqual(
    samples.map((each) => each.data[0]),
    [0, 1, 2],
  );
  assert.equal(asked(), 0);
});
