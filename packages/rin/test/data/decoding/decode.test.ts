import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import type { DataConfig } from '../../../src/config/data.js';
import sharp from '../../../src/media/sharp.js';
import { contents, folderOf, idx, open, random, sample } from '../fixtures.js';

/** Decodes one file to planar pixels. */
async function decoded(name: string, bytes: Uint8Array, options: Parameters<typeof open>[1] = {}): Promise<Uint8Array> {
  const data = await open(await folderOf({ [name]: bytes }), options);
  return sample(data, 0);
}

/** The largest difference between two lists of pixels. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
  return largest;
}

/** Planar [3, side, side] of a smooth picture: red grows to the right, green downwards, blue is 100. */
function gradient(side: number): Uint8Array {
  const out = new Uint8Array(3 * side * side).fill(100);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      out[y * side + x] = Math.round((255 * (x + 0.5)) / side);
      out[(side + y) * side + x] = Math.round((255 * (y + 0.5)) / side);
    }
  }
  return out;
}

/** The same as sharp takes it in, by another way than ours. */
function source(planar: Uint8Array, width: number, height: number) {
  const bytes = Buffer.alloc(planar.length);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) bytes[3 * i + c] = planar[c * width * height + i];
  return sharp(bytes, { raw: { width, height, channels: 3 } });
}

const picture = gradient(32);

for (const [name, encode, tolerance] of [
  ['a.png', (s) => s.png(), 0],
  ['palette.PNG', (s) => s.png({ palette: true, colours: 256, quality: 100, dither: 0 }), 24], // 1,024 colours become 256
  ['sixteen.png', (s) => s.toColourspace('rgb16').png(), 0],
  ['a.jpg', (s) => s.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }), 6],
  ['progressive.JPEG', (s) => s.jpeg({ quality: 95, progressive: true, chromaSubsampling: '4:4:4' }), 6],
  ['a.webp', (s) => s.webp({ lossless: true }), 0],
  ['a.avif', (s) => s.avif({ quality: 90, chromaSubsampling: '4:4:4' }), 12],
  ['a.tiff', (s) => s.tiff({ compression: 'lzw' }), 0],
  ['a.tif', (s) => s.tiff({ compression: 'deflate', predictor: 'horizontal' }), 0],
  ['a.gif', (s) => s.gif({ dither: 0 }), 40], // at most 256 colours
] satisfies [string, (s: Sharp) => Sharp, number][]) {
  test(`${name} is read as it was drawn`, async () => {
    const pixels = await decoded(name, await encode(source(picture, 32, 32)).toBuffer(), { size: 32 });
    assert.ok(difference(pixels, picture) <= tolerance, `differs by ${difference(pixels, picture)}`);
  });
}

test('grey pictures become colour, colours become grey by luminance', async () => {
  const grey = await sharp(Buffer.alloc(16, 77), { raw: { width: 4, height: 4, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  assert.deepEqual(await decoded('a.png', grey), new Uint8Array(48).fill(77));
  assert.deepEqual(await decoded('a.png', grey, { channels: 1 }), new Uint8Array(16).fill(77));
  const greys = await open(
    await folderOf({ '1.png': [0, 255, 0], '2.png': [255, 0, 0], '3.png': [0, 0, 255], '4.png': [255, 255, 255] }),
    { channels: 1 },
  );
  assert.deepEqual(greys.shape, [1, 4, 4]);
  const [green, red, blue, white] = contents(greys).map(({ colour }) => colour[0]);
  assert.ok(green > red && red > blue && white === 255, `${green} > ${red} > ${blue}`);
});

test('grey of 16 bits keeps its upper 8', async () => {
  const values = Uint16Array.from({ length: 16 }, (_, i) => i * 4096 + 128);
  const bytes = await sharp(values, { raw: { width: 4, height: 4, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();
  assert.equal((await sharp(bytes).metadata()).depth, 'ushort', 'the test needs 16 bits');
  const pixels = await decoded('a.png', bytes, { channels: 1 });
  const expected = Array.from(values, (value) => value / 256);
  assert.ok(difference(pixels, expected) < 2); // half a step of rounding, twice, and that 257 steps are 1
});

test('transparent parts show the background', async () => {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  const half = { r: 255, g: 0, b: 0, alpha: 0.5 };
  for (const [colour, background, expected] of [
    [clear, '#ffffff', [255, 255, 255]],
    [clear, '#102030', [16, 32, 48]],
    [half, '#0000ff', [128, 0, 127]],
  ] as const) {
    for (const format of ['png', 'webp'] as const) {
      const bytes = await sharp({ create: { width: 4, height: 4, channels: 4, background: colour } })
        .toFormat(format, { lossless: true })
        .toBuffer();
      const pixels = await decoded(`a.${format}`, bytes, { data: { background } });
      assert.ok(
        difference([pixels[0], pixels[16], pixels[32]], expected) <= 1,
        `${[pixels[0], pixels[16], pixels[32]]}`,
      );
    }
  }
});

test('the background of grey pictures has its colour too', async () => {
  const background = '#ff2010';
  const [clear, grey] = await Promise.all(
    [2, 1].map((channels) =>
      sharp(Buffer.alloc(8 * 4 * channels), { raw: { width: 8, height: 4, channels: channels === 2 ? 2 : 1 } })
        .toColourspace('b-w')
        .png()
        .toBuffer(),
    ),
  );
  assert.equal((await sharp(clear).metadata()).channels, 2, 'the test needs grey with alpha');
  const raw = idx([1, 4, 8], new Array(32).fill(0));
  for (const [name, bytes, resize] of [
    ['a.png', clear, 'center-crop'],
    ['b.png', clear, 'center-crop-dhariwal'],
    ['c.png', grey, 'fit'],
    ['d-images-idx3-ubyte', raw, 'fit'],
  ] as const) {
    const options = { size: 8, data: { resize, background } };
    const pixels = await decoded(name, bytes, options);
    assert.deepEqual([pixels[0], pixels[64], pixels[128]], [255, 32, 16], name);
    const [luminance] = await decoded(name, bytes, { ...options, channels: 1 });
    assert.ok(Math.abs(luminance - 130) <= 1, `${name}: ${luminance}`); // that of the colour in sRGB
  }
});

test('a TIFF of floats is skipped with the reason, instead of cut to black', async () => {
  const entries = [
    [256, 2], // width
    [257, 1], // height
    [258, 32], // bits of a sample
    [262, 1], // 0 is black
    [273, 8], // where the pixels begin
    [277, 1], // samples of a pixel
    [279, 8], // bytes of them
    [339, 3], // floats
  ];
  const bytes = Buffer.alloc(16 + 2 + 12 * entries.length + 4);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(16, 4);
  bytes.writeFloatLE(0.25, 8);
  bytes.writeFloatLE(0.5, 12);
  bytes.writeUInt16LE(entries.length, 16);
  for (const [i, [tag, value]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 18 + 12 * i);
    bytes.writeUInt16LE(3, 20 + 12 * i);
    bytes.writeUInt32LE(1, 22 + 12 * i);
    bytes.writeUInt16LE(value, 26 + 12 * i);
  }
  assert.equal((await sharp(bytes).metadata()).depth, 'float', 'the test needs floats');
  const data = await open(await folderOf({ 'a.tiff': bytes, 'b.png': [1, 2, 3] }));
  assert.deepEqual(data.skipped, [
    { name: 'a.tiff', reason: 'pixels of type float; expected whole numbers of 8 or 16 bits' },
  ]);
});

test('of an animation the first frame is taken', async () => {
  const frame = (colour: string) =>
    sharp({ create: { width: 8, height: 8, channels: 3, background: colour } })
      .png()
      .toBuffer();
  const frames = [await frame('#ff0000'), await frame('#0000ff')];
  for (const format of ['gif', 'webp'] as const) {
    const bytes = await sharp(frames, { join: { animated: true } })
      .toFormat(format, { lossless: true })
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 2, 'the test needs two frames');
    const pixels = await decoded(`a.${format}`, bytes);
    assert.deepEqual([pixels[0], pixels[16], pixels[32]], [255, 0, 0]);
  }
});

test('pictures lie as their EXIF orientation says, all eight', async () => {
  // an upright picture with a dark top left, a grey top right and a light bottom; stored the other way round for each value
  const upright = Buffer.from([0, 90, 180, 255]);
  const stored: Record<number, number[]> = {
    1: [0, 1, 2, 3],
    2: [1, 0, 3, 2],
    3: [3, 2, 1, 0],
    4: [2, 3, 0, 1],
    5: [0, 2, 1, 3],
    6: [1, 3, 0, 2],
    7: [3, 1, 2, 0],
    8: [2, 0, 3, 1],
  };
  for (const [orientation, order] of Object.entries(stored)) {
    const bytes = await sharp(Buffer.from(order.map((i) => upright[i])), { raw: { width: 2, height: 2, channels: 1 } })
      .resize(32, 32, { kernel: 'nearest' })
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ quality: 100 })
      .toBuffer();
    const pixels = await decoded('a.jpg', bytes, { size: 32, channels: 1 });
    const corners = [0, 31, 31 * 32, 31 * 32 + 31].map((i) => pixels[i]);
    assert.ok(difference(corners, upright) <= 4, `orientation ${orientation}: ${corners}`);
  }
});

test('CMYK is converted to sRGB', async () => {
  for (const colour of ['#ffffff', '#a05050', '#508050', '#606090', '#c8c864']) {
    const create = { width: 16, height: 16, channels: 3 as const, background: colour };
    const bytes = await sharp({ create }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, 'cmyk', 'the test needs CMYK');
    const pixels = await decoded('a.jpg', bytes);
    const expected = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    // colours that printers can print; what remains is the coarseness of the profile's table
    assert.ok(difference([pixels[0], pixels[16], pixels[32]], expected) <= 16, `${colour}: ${pixels}`);
  }
});

/** A picture of 96×64: a red square of 64 in the middle, blue at the sides. */
const wide = () => {
  const pixels = new Uint8Array(3 * 96 * 64);
  for (let i = 0; i < 96 * 64; i++) pixels[(i % 96 >= 16 && i % 96 < 80 ? 0 : 2) * 96 * 64 + i] = 255;
  return source(pixels, 96, 64);
};

const resized = async (bytes: Uint8Array, size: number | number[], resize: DataConfig['resize']) =>
  decoded('a.png', bytes, { size, data: { resize, background: '#00ff00' } });

test('center-crop keeps the largest centre part of the shape that is asked for', async () => {
  const bytes = await wide().png().toBuffer();
  const square = await resized(bytes, 64, 'center-crop');
  assert.deepEqual(square, new Uint8Array(3 * 64 * 64).fill(255, 0, 64 * 64));
  const whole = await resized(bytes, [64, 96], 'center-crop');
  assert.equal(whole[0], 0);
  assert.equal(whole[16], 255);
  const turned = await wide().rotate(90).png().toBuffer();
  assert.deepEqual(await resized(turned, 64, 'center-crop'), square);
});

test('fit keeps the whole picture and fills with the background', async () => {
  const pixels = await resized(await wide().png().toBuffer(), 96, 'fit');
  const at = (row: number, column: number) => [0, 1, 2].map((c) => pixels[(c * 96 + row) * 96 + column]);
  assert.deepEqual(at(0, 48), [0, 255, 0]);
  assert.deepEqual(at(95, 48), [0, 255, 0]);
  assert.deepEqual(at(16, 48), [255, 0, 0]);
  assert.deepEqual(at(79, 0), [0, 0, 255]);
});

test('shrinking is antialiased: a fine chequered pattern becomes its mean', async () => {
  const pixels = new Uint8Array(3 * 256 * 256);
  for (let i = 0; i < pixels.length; i++) pixels[i] = ((i % 256) + (Math.floor(i / 256) % 256)) & 1 ? 255 : 0;
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const bytes = await source(pixels, 256, 256).toFormat(format, { quality: 100 }).toBuffer();
    const small = await decoded(`a.${format}`, bytes, { size: 32 });
    assert.ok(
      difference(small, new Array(small.length).fill(127.5)) <= 4,
      `${format}: ${difference(small, new Array(small.length).fill(127.5))}`,
    );
  }
});

test('shrinking keeps smooth pictures in place: a gradient stays a gradient', async () => {
  for (const format of ['png', 'jpeg'] as const) {
    const bytes = await source(gradient(256), 256, 256).toFormat(format, { quality: 98 }).toBuffer();
    const small = await decoded(`a.${format}`, bytes, { size: 32 });
    // two pixels at the edge are left out, where the filter meets the border
    const off = Array.from(small, (value, i) => {
      const inside = [i % 32, Math.floor(i / 32) % 32].every((at) => at > 1 && at < 30);
      return inside ? Math.abs(value - picture[i]) : 0;
    });
    assert.ok(Math.max(...off) <= 2, `${format}: ${Math.max(...off)}`);
  }
});

test('a picture of far too many pixels is refused before it is unfolded', async () => {
  const bomb = await source(picture, 32, 32).png().toBuffer();
  bomb.writeUInt32BE(60_000, 16); // width and height in the header, and its checksum, which gzip computes too
  bomb.writeUInt32BE(60_000, 20);
  bomb.writeUInt32BE(gzipSync(bomb.subarray(12, 29)).subarray(-8).readUInt32LE(), 29);
  const data = await open(await folderOf({ '1.png': [1, 1, 1], '2.png': bomb }));
  assert.equal(data.length, 1);
  assert.match(data.skipped[0].reason, /^60000×60000 pixels; expected at most 500 megapixels$/);
});

test('meanSquare is the mean of (2x/255 - 1)²', async () => {
  const data = await open(await folderOf({ 'a.png': await source(picture, 32, 32).png().toBuffer() }), { size: 32 });
  const values = Array.from(picture, (x) => (2 * x) / 255 - 1);
  const expected = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  assert.ok(Math.abs(data.meanSquare - expected) < 1e-12);
});

test('a picture that is only partly there is skipped', async () => {
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const) {
    const whole = await source(gradient(128), 128, 128).toFormat(format).toBuffer();
    const files = {
      'whole.png': [1, 2, 3] as [number, number, number],
      [`cut.${format}`]: whole.subarray(0, whole.length * 0.6),
    };
    const data = await open(await folderOf(files));
    assert.deepEqual(
      data.skipped.map(({ name }) => name),
      [`cut.${format}`],
    );
  }
});

test('damaged pictures of every format are skipped or read, and nothing else happens', async () => {
  const draw = random(7);
  const files: Record<string, Uint8Array> = {};
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const) {
    const whole = await source(picture, 32, 32).toFormat(format).toBuffer();
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.from(i % 2 ? whole : whole.subarray(0, Math.floor(draw() * whole.length)));
      for (let n = i % 2 ? 1 + Math.floor(draw() * 8) : 0; n > 0; n--)
        bytes[Math.floor(draw() * bytes.length)] = Math.floor(draw() * 256);
      files[`${format}${i}.${format}`] = bytes;
    }
  }
  const data = await open(await folderOf({ ...files, 'good.png': [5, 5, 5] }));
  assert.equal(data.length + data.skipped.length, 241);
  assert.ok(data.skipped.length >= 110, `${data.skipped.length} skipped: every truncated file should be`);
});
