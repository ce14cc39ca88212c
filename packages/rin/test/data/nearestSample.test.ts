import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestSample } from '../../src/data/nearestSample.js';
import { datasetFromSamples } from '../../src/data/samples.js';

const shape = [1, 2, 2];
const rows = [
  [0, 0, 0, 0],
  [100, 100, 100, 100],
  [255, 255, 255, 255],
  [100, 100, 100, 90],
];
const open = () =>
  datasetFromSamples(
    rows.map((row) => ({ pixels: Uint8Array.from(row) })),
    shape,
  );
const image = (...row: number[]) => ({ data: Uint8Array.from(row), shape });

test('the nearest sample is found with its pixels, and its distance is that of pixels from 0 to 1', async () => {
  const dataset = await open();
  const near = nearestSample(dataset, image(200, 255, 255, 255));
  assert.equal(near.index, 2);
  assert.deepEqual([[...near.image.data], near.image.shape], [rows[2], shape]);
  // sqrt(55² / 4) / 255, to the last digits of float64
  assert.ok(Math.abs(near.rmse - 27.5 / 255) < 1e-15);
  // Differences of more than 8 bits are not cut off: white to black is 1.
  assert.equal(nearestSample(dataset, image(0, 0, 0, 0)).index, 0);
  const black = await datasetFromSamples([{ pixels: Uint8Array.from([0, 0, 0, 0]) }], shape);
  assert.equal(nearestSample(black, image(255, 255, 255, 255)).rmse, 1);
});

test('a copy is at distance 0, wherever it stands in the data', async () => {
  const dataset = await open();
  for (const [index, row] of rows.entries()) {
    const { index: found, rmse } = nearestSample(dataset, image(...row));
    assert.deepEqual([found, rmse], [index, 0]);
  }
});

test('a sample that is left out is not found: data are compared with themselves', async () => {
  const dataset = await open();
  const found = rows.map((row, index) => nearestSample(dataset, image(...row), index).index);
  assert.deepEqual(found, [3, 3, 1, 1]);
});
