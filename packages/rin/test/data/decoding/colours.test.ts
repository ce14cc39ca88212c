import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sharp } from 'sharp';
import sharp from '../../../src/media/sharp.js';
import { folderOf, open, sample } from '../fixtures.js';
import { adobeRgb, iccProfile, withProfile } from '../iccProfile.js';

const side = 16;
/** Values that meet many colours and shades; the first colour is (200, 100, 50). */
const values: Record<number, (i: number) => number[]> = {
  1: (i) => [i],
  2: (i) => [i, (29 * i) % 256],
  3: (i) => (i === 0 ? [200, 100, 50] : [(37 * i) % 256, (91 * i) % 256, (13 * i) % 256]),
  4: (i) => [...values[3](i), (29 * i) % 256],
};

/** The same pixels with 8 or 16 bits. */
async function made(channels: 1 | 2 | 3 | 4, depth: 8 | 16, profile?: Buffer): Promise<Buffer> {
  const bytes = Array.from({ length: side * side }, (_, i) => values[channels](i)).flat();
  const raw = { width: side, height: side, channels };
  const pixels = depth === 8 ? Uint8Array.from(bytes) : Uint16Array.from(bytes, (value) => 257 * value);
  const space = channels > 2 ? ['srgb', 'rgb16'] : ['b-w', 'grey16'];
  const png = await sharp(pixels, { raw })
    .toColourspace(space[depth === 8 ? 0 : 1])
    .png()
    .toBuffer();
  return profile ? withProfile(png, profile) : png;
}

/** The picture in another format, with its values, depth and profile. */
const as = (png: Buffer, space: string, format: (picture: Sharp) => Sharp) =>
  format(sharp(png).toColourspace(space).keepIccProfile()).toBuffer();

const adobe = iccProfile(2.2, adobeRgb);
const profiles: [string, (1 | 2 | 3 | 4)[], Buffer | undefined][] = [
  ['no profile', [1, 2, 3, 4], undefined],
  ['the profile Adobe RGB', [3, 4], adobe],
  ['a grey profile of gamma 1.8', [1, 2], iccProfile(1.8)],
];

/** The largest difference of each file's decoded pixels from those of the first. */
async function differences(files: readonly Buffer[], channels: number, background: string): Promise<number[]> {
  const folder = await folderOf(Object.fromEntries(files.map((bytes, i) => [`${i}.png`, bytes])));
  const data = await open(folder, { size: side, channels, data: { background } });
  assert.deepEqual(data.skipped, []);
  const [first, ...others] = files.map((_, i) => sample(data, i));
  return others.map((pixels) => Math.max(...pixels.map((value, i) => Math.abs(value - first[i]))));
}

for (const [name, kinds, profile] of profiles) {
  test(`16 bits with ${name} give the pixels of 8 bits, on every background`, async () => {
    for (const kind of kinds) {
      const [eight, sixteen] = [await made(kind, 8, profile), await made(kind, 16, profile)];
      const tiff = await as(sixteen, kind > 2 ? 'rgb16' : 'grey16', (picture) => picture.tiff({ compression: 'lzw' }));
      for (const bytes of [sixteen, tiff]) {
        const { depth, hasProfile } = await sharp(bytes).metadata();
        assert.deepEqual([depth, hasProfile], ['ushort', profile !== undefined], 'the test needs them');
      }
      for (const background of ['#ffffff', '#ff2010']) {
        for (const channels of [3, 1]) {
          const found = await differences([eight, sixteen, tiff], channels, background);
          assert.ok(Math.max(...found) <= 2, `${kind} channels to ${channels} on ${background}: differ by ${found}`);
        }
      }
    }
  });
}

test('16 bits with the profiles sRGB and Display P3 give the pixels of 8 bits', async () => {
  for (const name of ['srgb', 'p3']) {
    const { icc } = await sharp(
      await sharp(await made(3, 8))
        .withIccProfile(name)
        .png()
        .toBuffer(),
    ).metadata();
    const profile = Buffer.from(icc ?? []);
    const files = [await made(3, 8), await made(3, 8, profile), await made(3, 16, profile)];
    const [plain] = await differences([files[0], files[2]], 3, '#ffffff');
    assert.ok(name === 'srgb' ? plain <= 2 : plain > 20, `${name}: ${plain} from no profile`);
    const [deep] = await differences([files[1], files[2]], 3, '#ffffff');
    assert.ok(deep <= 2, `${name}: 16 bits differ by ${deep}`);
  }
});

test('an AVIF of 10 bits with a profile gives the pixels of 8 bits', async () => {
  const [plain, eight] = [await made(3, 8), await made(3, 8, adobe)];
  const lossless = { lossless: true, chromaSubsampling: '4:4:4' };
  for (const png of [plain, eight]) {
    const avif = await as(png, 'rgb16', (picture) => picture.avif({ ...lossless, bitdepth: 10 }));
    assert.equal((await sharp(avif).metadata()).space, 'rgb16', 'the test needs more than 8 bits');
    const [difference] = await differences([png, avif], 3, '#ffffff');
    assert.ok(difference <= 4, `differs by ${difference}`); // 2 of the bit depth, 2 of the way to YUV and back
  }
});

test('a grey profile counts, whatever the background', async () => {
  const shade = async (background: string) => {
    const data = await open(await folderOf({ 'a.png': await made(1, 8, iccProfile(1.8)) }), {
      size: side,
      channels: 1,
      data: { background },
    });
    return [...sample(data, 0)];
  };
  const grey = await shade('#ffffff');
  assert.notEqual(grey[128], 128);
  assert.deepEqual(await shade('#ff2010'), grey);
});
