import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetFromSamples } from '../../src/data/samples.js';
import { nearestSamples } from '../../src/report/nearestSamples.js';

const shape = [1, 2, 2];
const rows = [
  [0, 0, 0, 0],
  [100, 100, 100, 100],
  [255, 255, 255, 255],
  [100, 100, 100, 90],
];
const open = (samples: readonly (readonly number[] | Uint8Array)[], of: readonly number[] = shape) =>
  datasetFromSamples(
    samples.map((sample) => ({ pixels: Uint8Array.from(sample) })),
    of,
  );
const image = (...row: number[]) => ({ data: Uint8Array.from(row), shape });

test('the nearest sample is found with its pixels, and its distance is that of pixels from 0 to 1', async () => {
  const [near, dark] = await nearestSamples(await open(rows), [image(200, 255, 255, 255), image(0, 0, 0, 0)]);
  assert.equal(near.index, 2);
  assert.deepEqual([[...near.image.data], near.image.shape], [rows[2], shape]);
  // sqrt(55² / 4) / 255, to the last digits of float64
  assert.ok(Math.abs(near.rmse - 27.5 / 255) < 1e-15);
  // Differences of more than 8 bits are not cut off: white to black is 1.
  assert.equal(dark.index, 0);
  const [opposite] = await nearestSamples(await open([[0, 0, 0, 0]]), [image(255, 255, 255, 255)]);
  assert.equal(opposite.rmse, 1);
});

test('a copy is at distance 0, wherever it stands in the data; of two copies the first one is found', async () => {
  const found = await nearestSamples(
    await open([...rows, ...rows]),
    rows.map((row) => image(...row)),
  );
  assert.deepEqual(
    found.map(({ index, rmse }) => [index, rmse]),
    [0, 1, 2, 3].map((index) => [index, 0]),
  );
});

test('a sample that is left out is not found: data are compared with themselves', async () => {
  const found = await nearestSamples(
    await open(rows),
    rows.map((row) => image(...row)),
    { except: [0, 1, 2, 3] },
  );
  assert.deepEqual(
    found.map(({ index }) => index),
    [3, 3, 1, 1],
  );
});

test('a mirrored copy is found if the training saw it, and is shown mirrored', async () => {
  const dataset = await open([
    [10, 0, 0, 250],
    [0, 0, 0, 0],
  ]);
  const flipped = image(0, 10, 250, 0);
  const [plain] = await nearestSamples(dataset, [flipped]);
  assert.equal(plain.index, 1);
  const [found] = await nearestSamples(dataset, [flipped], { mirrored: true });
  assert.deepEqual([found.index, found.rmse, [...found.image.data]], [0, 0, [...flipped.data]]);
  // The mirror image of a left-out sample is left out too.
  const [other] = await nearestSamples(dataset, [flipped], { mirrored: true, except: [0] });
  assert.equal(other.index, 1);
});

/** Bytes that look random. */
function bytes(count: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Square of the distance, one value after the other. */
function squared(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

for (const [samples, pictures, of, reason] of [
  [3000, 3, [3, 16, 16], 'samples of several blocks'],
  [2, 700, [3, 64, 64], 'more pictures than are compared at once'],
  [2, 2, [3, 600, 600], 'samples larger than a block'],
] as const) {
  test(`${reason}: the distances are those of a loop over all values, to the last digit`, async () => {
    const length = of[0] * of[1] * of[2];
    const data = Array.from({ length: samples }, (_, i) => bytes(length, i + 1));
    const images = Array.from({ length: pictures }, (_, i) => ({ data: bytes(length, 90_000 + i), shape: of }));
    const shares: number[] = [];
    const found = await nearestSamples(await open(data, of), images, { onProgress: (share) => shares.push(share) });
    for (const [i, { index, rmse }] of found.entries()) {
      const sums = data.map((sample) => squared(images[i].data, sample));
      const least = Math.min(...sums);
      assert.deepEqual([index, rmse], [sums.indexOf(least), Math.sqrt(least / length) / 255]);
    }
    assert.deepEqual([shares.at(-1), shares], [1, shares.toSorted((a, b) => a - b)]);
  });
}

test('an aborted search throws the reason before it has read all samples', async () => {
  const abort = new AbortController();
  const dataset = await open(
    Array.from({ length: 3000 }, (_, i) => bytes(768, i)),
    [3, 16, 16],
  );
  let blocks = 0;
  const search = nearestSamples(dataset, [{ data: bytes(768, 5), shape: [3, 16, 16] }], {
    signal: abort.signal,
    onProgress: () => {
      blocks++;
      abort.abort(new Error('enough'));
    },
  });
  await assert.rejects(search, new Error('enough'));
  assert.equal(blocks, 1);
});
