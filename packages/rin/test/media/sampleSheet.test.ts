import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compand } from '@rin/core';
import { type Clip, clipOf } from '../../src/media/clip.js';
import { grid } from '../../src/media/grid.js';
import type { Image } from '../../src/media/image.js';
import { type Presentation, presentationOf } from '../../src/media/presentation.js';
import { encodeSheet, frameSheet, pairOf, stillSheet } from '../../src/media/sampleSheet.js';
import sharp from '../../src/media/sharp.js';
import { readWav } from '../../src/media/wav.js';

const presentation = (size: number[], channels = 1): Presentation =>
  presentationOf({ size, channels }) ?? assert.fail();
const clips = presentation([20, 64, 64]);
const pictures = presentation([64, 64]);

/** A clip of 64×64 whose frame f has the value first + f. */
const counting = (first: number, frames: number): Clip =>
  clipOf(Array.from({ length: frames }, (_, f) => plain(first + f)));
const plain = (value: number): Image => ({ data: new Uint8Array(64 * 64).fill(value), shape: [1, 64, 64] });

/** The values in the middle of the cells of 64×64 pixels in a row, from the left; cells have the given gap. */
const middles = ({ data, shape }: Image, row: number, left: number, cells: number, gap: number): number[] =>
  Array.from({ length: cells }, (_, i) => data[row * shape[2] + left + 32 + i * (64 + gap)]);

test('pictures, clips and sounds are shown; other samples have no presentation', () => {
  const nouns = [pictures, clips, presentation([4, 8, 8], 3), presentation([16])].map(({ noun }) => noun);
  assert.deepEqual(nouns, ['picture', 'clip', 'clip', 'sound']);
  for (const [size, channels] of [
    [[8, 8], 2],
    [[4, 8, 8], 4],
    [[16], 3],
  ] as const)
    assert.equal(presentationOf({ size, channels }), undefined);
});

test('a row of a sheet of strips is one clip: all its frames, or 16 from the first to the last', () => {
  for (const [frames, shown] of [
    [3, [0, 1, 2]],
    [20, [0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 13, 14, 15, 16, 18, 19]],
  ] as const) {
    const views = [counting(100, frames), counting(0, frames)].map(clips.view);
    const sheet = stillSheet(views, clips, { names: [], columns: 2 });
    for (const [row, first] of [100, 0].entries()) {
      const values = middles(sheet, 2 + row * 66 + 32, 2, shown.length, 0);
      assert.deepEqual(
        values,
        shown.map((f) => first + f),
      );
    }
  }
});

test('a terminal gets the first frames, a grid in an animation all of them', async () => {
  const views = [counting(100, 4), counting(0, 4)].map(clips.view);
  const layout = { names: ['b', 'a'], columns: 1 };
  const first = frameSheet(views, layout);
  assert.deepEqual(first, grid([plain(100), plain(0)], { columns: 1, labels: ['b', 'a'] }));
  const file = await encodeSheet(views, clips, layout, 'gif', 10);
  for (let page = 0; page < 4; page++) {
    const { data, info } = await sharp(file, { page }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const column = (y: number) => data[(y * info.width + info.width - 34) * info.channels];
    assert.deepEqual([column(2 + 32), column(2 + 66 + 32)], [100 + page, page]);
  }
});

test('pictures are in a sheet as before: one PNG, in rows', async () => {
  const views = [10, 20, 30].map((value) => pictures.view(plain(value)));
  const file = await encodeSheet(views, pictures, { names: [], columns: 2 }, 'png', 10);
  const { data, info } = await sharp(file).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const expected = grid([10, 20, 30].map(plain), { columns: 2 });
  assert.deepEqual([[info.height, info.width], new Uint8Array(data)], [expected.shape.slice(1), expected.data]);
});

test('a pair plays side by side; the strips of a pair are above each other, pictures are not', () => {
  const pair = pairOf(clips.view(counting(100, 3)), clips.view(counting(0, 3)), clips);
  assert.deepEqual(
    pair.frames.map((frame) => middles(frame, 34, 2, 2, 2)),
    [
      [100, 0],
      [101, 1],
      [102, 2],
    ],
  );
  assert.deepEqual(
    [34, 34 + 66].map((row) => middles(pair.still, row, 2, 3, 0)),
    [
      [100, 101, 102],
      [0, 1, 2],
    ],
  );
  const two = pairOf(pictures.view(plain(5)), pictures.view(plain(6)), pictures);
  assert.deepEqual(middles(two.still, 34, 2, 2, 2), [5, 6]);
});

test('a pair of sounds is both, one after the other, in a WAV', async () => {
  const sounds = presentation([16]);
  const [one, other] = [40, 200].map((value) => ({ data: new Uint8Array(16).fill(value), shape: [1, 16] }));
  const pair = pairOf(sounds.view(one), sounds.view(other), sounds);
  const { rate, channels } = readWav(await encodeSheet([pair, pair], sounds, { names: [] }, 'wav', 8000));
  assert.equal(rate, 8000);
  assert.deepEqual(
    [...compand(channels[0])],
    [one, other, one, other].flatMap(({ data }) => [...data]),
  );
});
