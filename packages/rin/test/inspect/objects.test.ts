import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.js';
import { openDataset } from '../../src/data/open.js';
import type { SampleAttentionSteps } from '../../src/inspect/attention.js';
import { attentionNumbers } from '../../src/inspect/attentionNumbers.js';
import { objectShare, openObjects, patchMeans } from '../../src/inspect/objects.js';
import sharp from '../../src/media/sharp.js';
import { folderOf } from '../data/fixtures.js';
import { near, nearAll } from '../model/reference/near.js';

const configOf = (size: number | number[], background = '#3366cc') =>
  parseConfig({ model: { size, patch: 2, channels: 3, latents: 8 }, data: { background } }, 'test');

/** A picture of 4×4 whose left columns are opaque, then half transparent, then clear: alpha 255, 255, 128, 0 in each row. */
async function picture(path: string, colour: number) {
  const pixels = Buffer.alloc(64);
  for (let i = 0; i < 16; i++) pixels.set([colour, 200, colour, [255, 255, 128, 0][i % 4]], 4 * i);
  writeFileSync(
    path,
    await sharp(pixels, { raw: { width: 4, height: 4, channels: 4 } })
      .png()
      .toBuffer(),
  );
}

async function alphasOf(source: string, size: number | number[]) {
  const config = configOf(size);
  const sizes = typeof size === 'number' ? [size, size] : size;
  const data = await openDataset(source, { size: sizes, channels: 3, data: config.data });
  using objects = await openObjects(source, data, config);
  const alphas = Array.from({ length: data.length }, (_, i) => objects?.alpha(i));
  data.close();
  return alphas;
}

test('alpha is that of the pictures, whatever their colours; an opaque picture says nothing', async () => {
  const folder = await folderOf({ 'c.png': [255, 255, 255] });
  await picture(join(folder, 'a.png'), 255); // white with white around it
  await picture(join(folder, 'b.png'), 10);
  const [a, b, c] = await alphasOf(folder, 4);
  const row = [1, 1, 128 / 255, 0];
  for (const alpha of [a, b]) nearAll(alpha ?? [], [...row, ...row, ...row, ...row], 1 / 255);
  assert.equal(c, undefined);
});

test('the built-in pictures and clips say what is object', async () => {
  const pictures = await alphasOf('emoji', 16);
  assert.equal(pictures.length, 83);
  // the first one, drawn by another way; edges differ by the ringing of the filter, which is cut off at 0 and 255
  const drawing = createRequire(import.meta.url).resolve('@twemoji/svg/1f600.svg');
  const expected = await sharp(drawing, { density: 256 })
    .extractChannel(3)
    .resize(16, 16, { kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  nearAll(
    pictures[0] ?? [],
    Array.from(expected, (byte) => byte / 255),
    0.1,
  );
  const area = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / 256;
  near(area(pictures[0] ?? []), area(expected) / 255, 0.01);
  const config = configOf([4, 16, 16]);
  const clips = await openDataset('bouncing', { size: [4, 16, 16], channels: 3, data: config.data });
  using objects = await openObjects('bouncing', clips, config);
  const alpha = objects?.alpha(0) ?? assert.fail();
  assert.equal(alpha.length, 4 * 256);
  for (let frame = 0; frame < 4; frame++) {
    const area = alpha.slice(frame * 256, (frame + 1) * 256).reduce((a, b) => a + b, 0) / 256;
    assert.ok(area > 0.02 && area < 0.9, `${area} of frame ${frame}`);
  }
});

const cut = { size: [2, 4], patch: [1, 2], grid: [2, 2] };

test('the share on the object weighs patches by their object area, and the chance is the area', () => {
  // the object is the left half of the first row, and one of two pixels beside it
  const objects = patchMeans(Float64Array.from([1, 1, 1, 0, 0, 0, 0, 0]), cut);
  assert.deepEqual([...objects], [1, 0.5, 0, 0]);
  const share = objectShare({ ...cut, values: Float64Array.from([0.2, 0.2, 0.4, 0]) }, objects);
  near(share.share, 0.3 / 0.8, 1e-12); // of the attention on patches
  near(share.chance, 0.375, 1e-12);
  // three frames in slices of two: the last slice has one frame
  const clip = { size: [3, 1, 2], patch: [2, 1, 1], grid: [2, 1, 2] };
  assert.deepEqual([...patchMeans(Float64Array.from([1, 2, 3, 4, 5, 6]), clip)], [2, 3, 5, 6]);
});

test('numbers are means over the samples, and those without transparent parts do not count for the share', () => {
  const image = { medium: 'picture' as const, data: Uint8Array.from([0, 0, 0, 10, 0, 0, 0, 30]), shape: [1, 2, 4] };
  const sample = (seed: number, values: number[], entropy: number): SampleAttentionSteps => {
    const map = { ...cut, values: Float64Array.from(values), block: 1, kind: 'read' as const, isConcentration: false };
    const maps = [{ ...map, others: 0.2, entropy, meanEntropy: 1, mostEntropy: Math.log(5) }];
    return { seed, image, steps: [{ step: 3, steps: 4, gamma: 0.5, x0: image, maps }] };
  };
  const found = [sample(7, [0.2, 0.2, 0.4, 0], 0.5), sample(8, [0, 0.8, 0, 0], 0.7)];
  const objects = {
    alpha: (index: number) => (index === 7 ? Float64Array.from([1, 1, 1, 0, 0, 0, 0, 0]) : undefined),
    [Symbol.dispose]() {},
  };
  const [row, ...others] = attentionNumbers(found, objects);
  assert.equal(others.length, 0);
  assert.deepEqual([row.step, row.gamma, row.block], [3, 0.5, 1]);
  near(row.entropy, 0.6, 1e-12);
  near(row.others, 0.2, 1e-12);
  near(row.object?.share ?? 0, 0.3 / 0.8, 1e-12);
  near(row.object?.chance ?? 0, 0.375, 1e-12);
  // deviations of the patches: 0, 5, 0, 15, so 5 on average; sample 7 meets 0.2/0.8·5, sample 8 meets 5
  near(row.detail ?? 0, (0.25 + 1) / 2, 1e-12);
  assert.equal(attentionNumbers(found)[0].object, undefined);
});
