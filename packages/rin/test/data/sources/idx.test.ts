import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from '../../../src/media/sharp.js';
import { folderOf, idx, open, problem, sample } from '../fixtures.js';

/** Three grey pictures of 4×4: value 16n + position. */
const values = Array.from({ length: 48 }, (_, i) => 16 * Math.floor(i / 16) + (i % 16));
const images = idx([3, 4, 4], values);
const labels = idx([3], [2, 0, 2]);
const train = { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels };
const picture = (index: number) => values.slice(16 * index, 16 * index + 16);

test('IDX files are grey pictures and their classes, packed or not, in a folder or by name', async () => {
  const folder = await folderOf(train);
  const packed = await folderOf({
    'train-images-idx3-ubyte.gz': gzipSync(images),
    'train-labels-idx1-ubyte.gz': gzipSync(labels),
  });
  const dotted = await folderOf({ 'train-images.idx3-ubyte': images, 'train-labels.idx1-ubyte': labels });
  const prints = new Set<string>();
  for (const source of [
    folder,
    packed,
    dotted,
    join(folder, 'train-images-idx3-ubyte'),
    join(packed, 'train-images-idx3-ubyte.gz'),
  ]) {
    const data = await open(source, { channels: 1 });
    assert.deepEqual([data.length, data.shape, data.classes], [3, [1, 4, 4], ['0', '1', '2']]);
    for (const [index, label] of [2, 0, 2].entries()) {
      assert.deepEqual([...sample(data, index)], picture(index));
      assert.equal(data.label(index), label);
    }
    prints.add(data.fingerprint);
  }
  assert.equal(prints.size, 1, 'they are the same data');
});

test('grey values become three equal channels where the model has colour', async () => {
  const data = await open(await folderOf(train));
  assert.deepEqual([...sample(data, 1)], [...picture(1), ...picture(1), ...picture(1)]);
});

test('another size is scaled as a PNG of the same picture is', async () => {
  const wide = idx(
    [1, 8, 16],
    Array.from({ length: 128 }, (_, i) => 2 * i),
  );
  const png = await sharp(wide.subarray(16), { raw: { width: 16, height: 8, channels: 1 } })
    .png()
    .toBuffer();
  for (const resize of ['center-crop', 'fit'] as const) {
    for (const channels of [1, 3]) {
      const options = { size: 6, channels, data: { resize, background: '#000000' } };
      const fromIdx = await open(await folderOf({ 'x-images-idx3-ubyte': wide }), options);
      const fromPng = await open(await folderOf({ 'x.png': png }), options);
      assert.deepEqual(sample(fromIdx, 0), sample(fromPng, 0));
    }
  }
});

test('the same values in another shape are other data', async () => {
  const print = async (...extents: number[]) =>
    (await open(await folderOf({ 'x-images-idx3-ubyte': idx(extents, values) }), { channels: 1 })).fingerprint;
  assert.notEqual(await print(3, 2, 8), await print(3, 8, 2));
});

test('without labels there are no classes', async () => {
  const data = await open(await folderOf({ 'train-images-idx3-ubyte': images }));
  assert.deepEqual([data.classes, data.label(0)], [[], -1]);
});

test('of several sets in a folder the one for training is taken, and said so; without one it is an error', async () => {
  const heldOut = {
    't10k-images-idx3-ubyte': idx([1, 4, 4], values.slice(0, 16)),
    't10k-labels-idx1-ubyte': idx([1], [7]),
  };
  const folder = await folderOf({ ...train, ...heldOut });
  const said: string[] = [];
  const onNotice = (sentence: string) => said.push(sentence);
  assert.equal((await open(folder, { onNotice })).length, 3);
  assert.equal(said.length, 1);
  assert.match(said[0], /rin uses train-images-idx3-ubyte; .* name it: t10k-images-idx3-ubyte$/);
  const other = await open(join(folder, 't10k-images-idx3-ubyte'), { onNotice });
  assert.deepEqual([other.length, other.label(0), said.length], [1, 7, 1]);

  writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(images)); // the same, packed
  assert.equal((await open(folder, { onNotice })).length, 3);

  for (const kind of ['images', 'labels']) {
    const end = kind === 'images' ? '3' : '1';
    renameSync(join(folder, `train-${kind}-idx${end}-ubyte`), join(folder, `letters-${kind}-idx${end}-ubyte`));
  }
  rmSync(join(folder, 'train-images-idx3-ubyte.gz'));
  assert.match(await problem(open(folder)), /several sets of pictures, such as letters-images.* use one file/);
});

test('files that are not what they should be are told', async () => {
  const ask = async (bytes: Uint8Array, label?: Uint8Array) => {
    const files = { 'a-images-idx3-ubyte': bytes, ...(label && { 'a-labels-idx1-ubyte': label }) };
    const packed = { 'a-images-idx3-ubyte.gz': gzipSync(bytes), ...(label && { 'a-labels-idx1-ubyte': label }) };
    const [plain, fromPacked] = [
      await problem(open(await folderOf(files))),
      await problem(open(await folderOf(packed))),
    ];
    assert.equal(fromPacked.replace('.gz', '').replace(/folder\d+/, ''), plain.replace(/folder\d+/, ''));
    return plain;
  };
  assert.match(
    await ask(Buffer.alloc(0)),
    /a-images-idx3-ubyte: not an IDX file .* begins with nothing, expected 00000803/,
  );
  assert.match(await ask(labels), /begins with 00000801, expected 00000803/);
  assert.match(await ask(images.subarray(0, 15)), /not an IDX file/);
  assert.match(await ask(images.subarray(0, 63)), /cut short: it has 63 bytes, expected 64; copy it again/);
  assert.match(
    await ask(Buffer.concat([images, Buffer.alloc(1)])),
    /is longer than 64 bytes, the length in its header/,
  );
  assert.match(await ask(idx([0, 4, 4], [])), /header says 0×4×4/);
  assert.match(await ask(idx([3, 0, 4], [])), /header says 3×0×4/);
  assert.match(await ask(idx([2 ** 32 - 1, 4, 4], values)), /header says 4294967295×4×4; expected 1 to \d+ pictures/);
  assert.match(await ask(images, idx([2], [1, 2])), /a-labels-idx1-ubyte: 2 labels, but there are 3 pictures/);
  assert.match(await ask(images, images), /a-labels-idx1-ubyte: not an IDX file .* with 1 dimensions/);
});

test('a gzip that is cut short, damaged or claims too much is told', async () => {
  const packed = gzipSync(images);
  const ask = async (bytes: Uint8Array) => problem(open(await folderOf({ 'a-images-idx3-ubyte.gz': bytes })));
  assert.match(await ask(packed.subarray(0, -9)), /idx3-ubyte\.gz: damaged or cut short \(.*\); copy it again/);
  assert.match(await ask(images), /idx3-ubyte\.gz: damaged or cut short \(incorrect header check\)/);
  assert.match(
    await ask(gzipSync(idx([2 ** 20, 64, 64], []))),
    /its header says 4294967312 bytes, expected at most 1073741824; unpack it/,
  );
});
