import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.js';
import { countSamples } from '../../src/data/countSamples.js';
import { findFor } from '../../src/data/find.js';
import { openDataset } from '../../src/data/open.js';
import { clipOf } from '../../src/media/clip.js';
import { writeClip } from '../../src/media/clipFile.js';
import { encodeWav } from '../../src/media/wav.js';
import { freshFolder } from '../training/tiny.js';

/** The estimate, and the number of samples after decoding. */
async function counts(folder: string, size: readonly number[], data: object): Promise<[number, number]> {
  const channels = size.length === 1 ? 1 : 3;
  const config = parseConfig({ model: { size, patch: 1, channels }, data } as unknown, 'test');
  const found = await findFor(folder, size, {});
  assert.ok(found.medium !== 'picture');
  const { recordings } = await found.list();
  const dataset = await openDataset(found, { size, channels, data: config.data, onNotice() {} });
  dataset.close();
  return [await countSamples(found, recordings, size[0], config.data), dataset.length];
}

/** Animations of these numbers of frames at 10 frames per second. */
async function clipFolder(lengths: readonly number[]): Promise<string> {
  const folder = freshFolder();
  for (const [i, length] of lengths.entries()) {
    const frame = (shade: number) => ({ data: new Uint8Array(3 * 16).fill(shade), shape: [3, 4, 4] });
    const clip = clipOf(Array.from({ length }, (_, f) => frame((9 * f) % 256)));
    await writeClip(join(folder, `${i}.webp`), clip);
  }
  return folder;
}

test('clips are counted as they are cut, at every stride and frame rate', async () => {
  const folder = await clipFolder([3, 8, 21, 40]); // the first one is repeated, because it has no end
  writeFileSync(join(folder, 'broken.webp'), 'no animation');
  for (const data of [{}, { stride: 2 }, { stride: 9 }, { frameRate: 5 }, { frameRate: 25, stride: 3 }]) {
    const [estimate, length] = await counts(folder, [8, 4, 4], data);
    assert.equal(estimate, length, JSON.stringify(data));
  }
});

test('sounds are counted as they are cut, at every stride and sample rate', async () => {
  const folder = freshFolder();
  mkdirSync(folder, { recursive: true });
  for (const length of [5, 64, 1000, 4001])
    writeFileSync(
      join(folder, `${length}.wav`),
      encodeWav({ data: new Uint8Array(length).fill(90), shape: [1, length] }, { rate: 8000 }),
    );
  for (const data of [{ sampleRate: 8000 }, {}, { stride: 10 }, { sampleRate: 3000, stride: 100 }]) {
    const [estimate, length] = await counts(folder, [64], data);
    assert.equal(estimate, length, JSON.stringify(data));
  }
});

test('of many recordings, some are looked at', async () => {
  const lengths = Array.from({ length: 150 }, (_, i) => 8 * (1 + (i % 4)));
  const [estimate, length] = await counts(await clipFolder(lengths), [8, 4, 4], {});
  assert.ok(Math.abs(estimate / length - 1) < 0.15, `${estimate} of ${length}`);
});
