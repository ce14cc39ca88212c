import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Loader } from '../../src/data/loader.js';
import { datasetFromSamples } from '../../src/data/samples.js';
import { type Colour, folderOf, open, problem, sample } from './fixtures.js';

const shape = [1, 2, 3];

/** Sample i holds i, 10 + i, 20 + i, … and has the class i % 3. */
const numbered = (length: number) =>
  datasetFromSamples(
    Array.from({ length }, (_, i) => ({ pixels: Uint8Array.from({ length: 6 }, (_, k) => 10 * k + i), label: i % 3 })),
    shape,
  );

/** First values of the samples from `start` to `end` of the stream, read in batches. */
async function stream(loader: Loader, start: number, end: number, batch: number): Promise<number[]> {
  const values: number[] = [];
  for (let position = start; position < end; position += batch) {
    const { pixels } = await loader.next(position);
    for (let i = 0; i < pixels.length && values.length < end - start; i += 6) values.push(pixels[i]);
  }
  return values;
}

test('every epoch shows every sample once, each in another order', async () => {
  const data = await numbered(7);
  const values = await stream(new Loader(data, { seed: 5, batch: 7, flip: false }), 0, 70, 7);
  const epochs = Array.from({ length: 10 }, (_, epoch) => values.slice(7 * epoch, 7 * epoch + 7));
  for (const epoch of epochs) assert.deepEqual(epoch.toSorted(), [0, 1, 2, 3, 4, 5, 6]);
  assert.ok(new Set(epochs.map(String)).size >= 9, 'of 5,040 orders ten are hardly ever the same');
});

test('the stream is the same whatever the batch size, and from wherever a run goes on', async () => {
  const data = await numbered(11);
  const all = async (batch: number, start: number) =>
    stream(new Loader(data, { seed: 1, batch, flip: true }), start, 60, batch);
  const whole = await all(1, 0);
  for (const batch of [2, 5, 12, 32]) assert.deepEqual(await all(batch, 0), whole, `batches of ${batch}`);
  assert.deepEqual(await all(4, 17), whole.slice(17));
  const jumping = new Loader(data, { seed: 1, batch: 1, flip: true });
  for (const at of [40, 3, 41, 42, 0, 1]) assert.deepEqual(await stream(jumping, at, at + 1, 1), [whole[at]]);
  assert.notDeepEqual(await stream(new Loader(data, { seed: 2, batch: 1, flip: true }), 0, 60, 1), whole);
});

test('labels come with their pictures', async () => {
  const { pixels, labels } = await new Loader(await numbered(9), { seed: 3, batch: 20, flip: false }).next(100);
  assert.deepEqual(
    [...labels],
    Array.from(labels, (_, i) => pixels[6 * i] % 3),
  );
});

test('half of the pictures are mirrored left-right, each anew in every epoch, and nothing else changes', async () => {
  const data = await numbered(10);
  const upright = await new Loader(data, { seed: 8, batch: 4000, flip: false }).next(0);
  const flipped = await new Loader(data, { seed: 8, batch: 4000, flip: true }).next(0);
  assert.deepEqual(flipped.labels, upright.labels);
  let count = 0;
  for (let i = 0; i < 4000; i++) {
    const [a, b, c, d, e, f] = upright.pixels.subarray(6 * i, 6 * i + 6);
    const now = flipped.pixels.subarray(6 * i, 6 * i + 6).join();
    if (now === [c, b, a, f, e, d].join()) count++;
    else assert.equal(now, [a, b, c, d, e, f].join());
  }
  assert.ok(Math.abs(count - 2000) < 158, `${count} of 4,000`); // five standard deviations of a fair coin
});

test('pixels that are not in memory are the same', async () => {
  const colours = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.png`, [i, 2 * i, 3 * i] as Colour]));
  const folder = await folderOf(colours);
  const [memory, file] = [await open(folder), await open(folder, { memory: 0 })];
  assert.ok(file.readLater && !memory.readLater, 'the test needs one of each');
  assert.deepEqual(sample(file, 19), sample(memory, 19));
  const options = { seed: 0, batch: 16, flip: true };
  const [one, other] = [new Loader(memory, options), new Loader(file, options)];
  for (let position = 0; position < 100; position += 16) {
    assert.deepEqual(await one.next(position), await other.next(position));
  }
  await other.close();
  file.close();
});

test('the next batch is read while the trainer works on this one', async () => {
  const data = await numbered(50);
  const asked: number[] = [];
  const slow = Object.assign(Object.create(data), {
    readLater: async (index: number, out: Uint8Array) => {
      asked.push(index);
      await new Promise((resolve) => setTimeout(resolve, 5));
      data.read(index, out);
    },
  });
  for (const key of ['length', 'shape'] as const) Object.defineProperty(slow, key, { value: data[key] });
  slow.label = (index: number) => data.label(index);
  const loader = new Loader(slow, { seed: 0, batch: 4, flip: false });
  await loader.next(0);
  assert.equal(asked.length, 8, 'the second batch was asked for with the first');
  const second = await loader.next(4);
  assert.equal(asked.length, 12);
  assert.deepEqual(
    [...second.pixels],
    asked.slice(4, 8).flatMap((index) => [...sample(data, index)]),
  );
  await loader.close();
});

test('wrong numbers are told', async () => {
  const data = await numbered(3);
  for (const batch of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => new Loader(data, { seed: 0, batch, flip: false }),
      /loader: batch .*: expected an integer from 1/,
    );
  }
  const loader = new Loader(data, { seed: 0, batch: 1, flip: false });
  for (const position of [-1, 0.5, Number.NaN])
    assert.match(await problem((async () => loader.next(position))()), /position/);
  assert.throws(() => data.read(3, new Uint8Array(6)), /sample 3: expected 0 to 2/);
  assert.throws(() => data.label(-1), RangeError);
});
