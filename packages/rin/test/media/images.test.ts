import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeAnimation, writeAnimation } from '../../src/media/animation.js';
import { grid } from '../../src/media/grid.js';
import type { Image } from '../../src/media/image.js';
import { encodePng, writePng } from '../../src/media/png.js';
import sharp from '../../src/media/sharp.js';
import { encodeWebp } from '../../src/media/webp.js';
import { problem, work } from '../data/fixtures.js';

const shape = [3, 2, 2];
/** A picture whose red values are these, green 7, blue 9. */
const red = (...values: number[]): Image => ({ data: Uint8Array.of(...values, 7, 7, 7, 7, 9, 9, 9, 9), shape });

test('PNG keeps every value, in colour and in grey', async () => {
  const image: Image = { data: Uint8Array.from({ length: 24 }, (_, i) => 10 * i), shape: [3, 2, 4] };
  const path = join(work, 'new/folder/a.png');
  await writePng(path, image);
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels], [4, 2, 3]);
  for (let i = 0; i < 8; i++) for (let c = 0; c < 3; c++) assert.equal(data[3 * i + c], image.data[8 * c + i]);

  const grey: Image = { data: Uint8Array.of(0, 1, 128, 254, 255, 3), shape: [1, 3, 2] };
  await writePng(path, grey);
  assert.deepEqual((await sharp(path).metadata()).channels, 1);
  assert.deepEqual(new Uint8Array(await sharp(path).toColourspace('b-w').raw().toBuffer()), grey.data);
});

test('an animation plays its frames in order, endlessly, each as long as asked', async () => {
  for (const channels of [1, 3]) {
    const frames = [50, 200, 120].map((value) => ({
      data: new Uint8Array(channels * 32 * 16).fill(value),
      shape: [channels, 32, 16],
    }));
    const path = join(work, 'a.webp');
    await writeAnimation(path, frames, { delay: [40, 40, 1000], quality: 100 });
    const { pages, pageHeight, width, delay, loop } = await sharp(path, { animated: true }).metadata();
    assert.deepEqual(
      { pages, pageHeight, width, delay, loop },
      { pages: 3, pageHeight: 32, width: 16, delay: [40, 40, 1000], loop: 0 },
    );
    for (const [page, frame] of frames.entries()) {
      const pixels = await sharp(path, { page }).removeAlpha().raw().toBuffer();
      assert.deepEqual([...new Set(pixels)], [frame.data[0]]);
    }
    await writeAnimation(path, frames);
    assert.deepEqual((await sharp(path, { animated: true }).metadata()).delay, [50, 50, 50]);
  }
});

test('pictures are encoded to Buffers that hold every value', async () => {
  for (const channels of [1, 3]) {
    const shape = [channels, 5, 7];
    const image: Image = { data: Uint8Array.from({ length: channels * 35 }, (_, i) => 2 * i), shape };
    const other: Image = { ...image, data: image.data.map((value) => 255 - value) };
    const still = [await encodePng(image), await encodeWebp(image, { quality: 100 })];
    const moving = await encodeAnimation([image, other], { quality: 100 });
    const formats = await Promise.all([...still, moving].map(async (each) => (await sharp(each).metadata()).format));
    assert.deepEqual(formats, ['png', 'webp', 'webp']);
    for (const [bytes, page, { data }] of [
      ...still.map((each) => [each, 0, image] as const),
      [moving, 1, other],
    ] as const) {
      assert.ok(Buffer.isBuffer(bytes));
      const pixels = await sharp(bytes, { page }).removeAlpha().toColourspace('srgb').raw().toBuffer();
      for (let i = 0; i < 35; i++)
        for (let c = 0; c < channels; c++) assert.equal(pixels[3 * i + c], data[35 * c + i], `${channels} channels`);
    }
  }
  const lossy = async (quality?: number) => (await encodeWebp(noise, { quality })).length;
  const noise: Image = { data: Uint8Array.from({ length: 3072 }, (_, i) => (i * i * 7919) % 256), shape: [3, 32, 32] };
  assert.ok((await lossy(20)) < (await lossy()));
  assert.equal(await lossy(90), await lossy());
});

test('what cannot be a WebP, and a name that promises another format, are refused', async () => {
  const image = red(1, 2, 3, 4);
  assert.equal(
    await problem(writePng(join(work, 'x.jpg'), image)),
    `${join(work, 'x.jpg')}: the file would be PNG; use a name that ends in .png`,
  );
  assert.equal(
    await problem(writeAnimation(join(work, 'x.gif'), [image])),
    `${join(work, 'x.gif')}: the file would be WEBP; use a name that ends in .webp`,
  );
  for (const name of ['x.jpg', 'x.gif']) assert.ok(!existsSync(join(work, name)));
  for (const name of ['X.PNG', 'without an ending']) await writePng(join(work, name), image);
  const wide: Image = { data: new Uint8Array(16_384), shape: [1, 1, 16_384] };
  const tooWide = 'a picture of 16384×1 pixels: expected at most 16383×16383 in a WebP';
  assert.deepEqual(await Promise.all([encodeWebp(wide), encodeAnimation([wide])].map(problem)), [tooWide, tooWide]);
  for (const quality of [0, 101, 1.5])
    assert.equal(
      await problem(encodeWebp(image, { quality })),
      `quality ${quality}: expected a whole number from 1 to 100`,
    );
});

test('a grid lays pictures out in rows, on white, with a margin', () => {
  const {
    data,
    shape: whole,
    width,
    height,
  } = grid([red(1, 2, 3, 4), red(5, 6, 7, 8), red(10, 20, 30, 40)], { columns: 2, margin: 1 });
  assert.deepEqual([whole, width, height], [[3, 7, 7], 7, 7]);
  const W = 255;
  const rows = Array.from({ length: 7 }, (_, y) => [...data.subarray(7 * y, 7 * y + 7)]);
  assert.deepEqual(rows, [
    [W, W, W, W, W, W, W],
    [W, 1, 2, W, 5, 6, W],
    [W, 3, 4, W, 7, 8, W],
    [W, W, W, W, W, W, W],
    [W, 10, 20, W, W, W, W],
    [W, 30, 40, W, W, W, W],
    [W, W, W, W, W, W, W],
  ]);
  assert.deepEqual([data[49 + 8], data[98 + 8]], [7, 9]);
});

test('a grid is magnified without blur', () => {
  const image: Image = { data: Uint8Array.of(1, 2, 3, 4), shape: [1, 2, 2] };
  const { data, shape: whole } = grid([image], { columns: 1, margin: 0, scale: 3 });
  assert.deepEqual(whole, [1, 6, 6]);
  for (let i = 0; i < 36; i++) assert.equal(data[i], 1 + Math.floor((i % 6) / 3) + 2 * Math.floor(i / 18));
});

test('labels stand left of their rows, readable, without a font of the system', () => {
  const cell: Image = { data: new Uint8Array(16 * 16).fill(200), shape: [1, 16, 16] };
  const { data, width, height } = grid([cell, cell], { columns: 1, margin: 1, labels: ['hi', 'L'] });
  const dark = Array.from({ length: height }, (_, y) =>
    [...data.subarray(width * y, width * y + 12)].map((v) => (v < 128 ? '#' : '.')).join(''),
  );
  assert.deepEqual(dark.slice(5, 12), [
    '.#...#..###.',
    '.#...#...#..',
    '.#...#...#..',
    '.#####...#..',
    '.#...#...#..',
    '.#...#...#..',
    '.#...#..###.',
  ]);
  assert.deepEqual(dark.slice(27, 29), ['.#..........', '.#####......']);
  assert.equal(data.filter((v) => v === 200).length, 512, 'no label covers a picture');
});

test('labels of any text and size leave the pictures whole', () => {
  for (const side of [1, 3, 8, 100]) {
    for (const label of ['', 'ß', 'Ünïcödé', '漢字 😀', 'a'.repeat(100)]) {
      const cell: Image = { data: new Uint8Array(side * side).fill(200), shape: [1, side, side] };
      const { data, width, height } = grid([cell, cell, cell], {
        columns: 2,
        labels: [label, label, label],
        margin: 0,
      });
      assert.equal(data.length, width * height);
      assert.equal(data.filter((v) => v === 200).length, 3 * side * side);
    }
  }
});

test('pictures that do not fit are told', async () => {
  const a = red(1, 2, 3, 4);
  assert.throws(() => grid([], { columns: 1 }), /no pictures/);
  assert.throws(
    () => grid([a, { data: new Uint8Array(3), shape: [3, 1, 1] }], { columns: 1 }),
    /\[3, 2, 2\] and \[3, 1, 1\]/,
  );
  assert.throws(() => grid([{ data: new Uint8Array(3), shape }], { columns: 1 }), /\[3, 2, 2\] with 3 values/);
  assert.match(
    await problem(writePng(join(work, 'x.png'), { data: new Uint8Array(8), shape: [2, 2, 2] })),
    /expected \[1 or 3/,
  );
  writeFileSync(join(work, 'file'), '');
  assert.match(
    await problem(writePng(join(work, 'file/x.png'), a)),
    /cannot write .*x\.png: a part of the path is a file/,
  );
  assert.match(await problem(writeAnimation(join(work, 'x.webp'), [])), /no frames/);
});
