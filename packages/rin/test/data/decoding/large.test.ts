import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../../src/data/decoding/budget.js';
import { surveyData } from '../../../src/data/survey.js';
import sharp from '../../../src/media/sharp.js';
import { contents, folderOf, open } from '../fixtures.js';

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c86432' }, limitInputPixels: false });

test('a photograph of 108 megapixels is decoded, and the survey counts it', async () => {
  const folder = await folderOf({ 'a.jpg': await plain(12_000, 9_000).jpeg({ quality: 90 }).toBuffer() });
  const data = await open(folder);
  assert.deepEqual(data.skipped, []);
  const [{ colour }] = contents(data);
  for (const [i, value] of [200, 100, 50].entries()) assert.ok(Math.abs(colour[i] - value) <= 2, `${colour}`);
  assert.deepEqual([...(await surveyData(folder)).headers.sizes.keys()], ['12000×9000']);
});

/** The size in a PNG's header made larger than its pixels; the checksum is not looked at before they are read. */
async function claiming(width: number, height: number): Promise<Buffer> {
  const bytes = await plain(8, 8).png().toBuffer();
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

/** An AVIF whose boxes tell another size than its pixels have. */
async function claimingAvif(width: number, height: number): Promise<Buffer> {
  const bytes = await plain(8, 8).avif().toBuffer();
  const at = bytes.indexOf('ispe');
  bytes.writeUInt32BE(width, at + 8);
  bytes.writeUInt32BE(height, at + 12);
  return bytes;
}

test('what decoding leaves out by its header the survey leaves out too, for the same reason', async () => {
  const float = await plain(4, 4).toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer();
  const files = {
    'a.png': await claiming(40_000, 40_000),
    'b.avif': await claimingAvif(20_000, 20_000),
    'c.png': 'no picture',
    'd.png': '',
    'e.tiff': float,
  };
  const folder = await folderOf({ ...files, 'good.png': [1, 2, 3] });
  const { skipped } = await open(folder);
  assert.deepEqual((await surveyData(folder)).skipped, skipped);
  const reasons = Object.fromEntries(skipped.map(({ name, reason }) => [name, reason]));
  assert.match(reasons['a.png'], /^40000×40000 pixels; expected at most 500 megapixels$/);
  assert.match(reasons['b.avif'], /^20000×20000 pixels of heif take 7\.4 GB to decode; expected at most 4\.0 GB$/);
  assert.match(reasons['c.png'], /unsupported image format/);
});

test('pictures that fail at the same time keep their own reasons', async () => {
  const whole = await plain(64, 64).png().toBuffer();
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => {
      const bytes = i % 3 === 0 ? 'no picture' : i % 3 === 1 ? whole.subarray(0, whole.length - 30) : '';
      return [`${i}.png`, typeof bytes === 'string' ? bytes : Buffer.from(bytes)];
    }),
  );
  const { skipped } = await open(await folderOf({ ...files, 'good.png': [1, 2, 3] }));
  const kinds = [0, 1, 2].map((kind) => new Set(skipped.filter((_, i) => i % 3 === kind).map(({ reason }) => reason)));
  assert.equal(skipped.length, 60);
  for (const kind of kinds) assert.equal(kind.size, 1, [...kind].join('; '));
  assert.equal(new Set(kinds.flatMap((kind) => [...kind])).size, 3);
});

test('work that shares a budget never takes more, and what is larger than all of it runs alone', async () => {
  const budget = new Budget(100);
  let taken = 0;
  const seen: string[] = [];
  const work = async (name: string, amount: number) => {
    const release = await budget.take(amount);
    taken += amount;
    seen.push(`${name} ${taken}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    taken -= amount;
    release();
  };
  await Promise.all([work('a', 60), work('b', 30), work('c', 30), work('d', 500), work('e', 10)]);
  assert.deepEqual(seen, ['a 60', 'b 90', 'c 60', 'd 500', 'e 10']);
});
