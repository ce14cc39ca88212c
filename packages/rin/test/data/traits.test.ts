import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSource } from '../../src/data/find.js';
import { pictureTraits } from '../../src/data/traits.js';
import sharp from '../../src/media/sharp.js';
import { folderOf, idx } from './fixtures.js';
import { flat, folder, noisy, textured } from './madePictures.js';

async function traits(files: Record<string, string | Uint8Array>) {
  const listing = await (await findSource(await folderOf(files), 1, {})).list();
  try {
    return await pictureTraits(listing);
  } finally {
    listing.close();
  }
}

const jpeg = async (picture: Promise<Buffer>) =>
  sharp(await picture)
    .jpeg({ quality: 80 })
    .toBuffer();

test('noise with light is photographed; flat areas and few colours are drawn, at every size and in grey', async () => {
  for (const side of [16, 32, 64, 160]) {
    for (const channels of [1, 3]) {
      const what = `${side} pixels, ${channels} channels`;
      const photographs = await traits(await folder(6, (seed) => noisy(side, side, seed, channels)));
      assert.deepEqual([photographs?.drawn, photographs?.grey], [false, channels === 1], what);
      const drawings = await traits(await folder(6, (seed) => flat(side, side, seed, channels)));
      assert.deepEqual([drawings?.drawn, drawings?.grey], [true, channels === 1], what);
    }
  }
  const compressed = await traits(await folder(6, (seed) => jpeg(flat(128, 128, seed))));
  assert.equal(compressed?.drawn, true, 'a drawing that was saved as JPEG');
  const light = await traits(await folder(6, (seed) => jpeg(noisy(128, 128, seed))));
  assert.equal(light?.drawn, false, 'a photograph that was saved as JPEG');
});

test('texture is drawn if it has few colours', async () => {
  assert.equal((await traits(await folder(6, (seed) => textured(32, 20, seed))))?.drawn, true);
  // 64 pixels have at most 64 colours, so that so many are no sign of a drawing.
  assert.equal((await traits(await folder(6, (seed) => noisy(8, 8, seed))))?.drawn, false);
});

test('most pictures decide, and one colour picture makes the set a colour set', async () => {
  const some = { ...(await folder(6, (seed) => noisy(32, 32, seed, 1))), 'c/flat.png': await flat(32, 32, 1, 1) };
  assert.deepEqual(await traits(some), { sizes: new Map([['32×32', 7]]), grey: true, drawn: false });
  const colour = await traits({ ...some, 'c/colour.png': await noisy(32) });
  assert.equal(colour?.grey, false);
  // A file of three channels with equal values is grey.
  const grey = { width: 32, height: 32, channels: 3 as const };
  const pixels = Buffer.from(Array.from({ length: 3072 }, (_, i) => (Math.floor(i / 3) * 77) % 256));
  const equal = await sharp(pixels, { raw: grey }).png().toBuffer();
  assert.equal((await traits({ 'one.png': equal }))?.grey, true);
});

test('sizes are counted after the EXIF orientation, without the pictures that cannot be read', async () => {
  const turned = await sharp(await noisy(20, 10))
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const found = await traits({ '1.jpg': turned, '2.png': await noisy(10, 20), '3.png': await noisy(8), '4.png': 'x' });
  assert.deepEqual(
    [...(found?.sizes ?? [])],
    [
      ['10×20', 2],
      ['8×8', 1],
    ],
  );
  assert.equal(await traits({ '4.png': 'x' }), undefined);
});

test('at most 48 pictures of a large set are read, spread over it: the first and the last class alike', async () => {
  const path = await folderOf({
    'train-images-idx3-ubyte': idx([1000, 4, 4], new Array(16_000).fill(7)),
    'train-labels-idx1-ubyte': idx(
      [1000],
      Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100)),
    ),
  });
  const listing = await (await findSource(path, 1, {})).list();
  const read: number[] = [];
  const pictures = listing.pictures.map((picture) => ({
    ...picture,
    read() {
      read.push(picture.label);
      return picture.read();
    },
  }));
  const found = await pictureTraits({ ...listing, pictures });
  assert.deepEqual([...(found?.sizes ?? [])], [['4×4', 48]]);
  const times = Array.from({ length: 10 }, (_, label) => read.filter((each) => each === label).length);
  assert.ok(Math.min(...times) >= 4 && Math.max(...times) <= 5, times.join());
  assert.ok(new Set(read.slice(0, 8)).size >= 7, 'the first few are spread, too');
  listing.close();
});
