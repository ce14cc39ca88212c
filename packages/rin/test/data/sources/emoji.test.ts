import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DataConfig } from '../../../src/config/data.js';
import { openDataset } from '../../../src/data/open.js';

const cache = mkdtempSync(join(tmpdir(), 'rin-emoji-'));
process.env.XDG_CACHE_HOME = cache;
delete process.env.RIN_DATA_CACHE;
after(() => rmSync(cache, { recursive: true }));

const open = (size = 64) => openDataset('emoji', { size, channels: 3, data: DataConfig.parse({}) });

test('the built-in set has 83 pictures in 7 classes of the sizes that the documentation tells', async () => {
  const data = await open();
  assert.equal(data.length, 83);
  assert.deepEqual(data.shape, [3, 64, 64]);
  const counts = new Map<string, number>();
  for (let index = 0; index < data.length; index++) {
    const name = data.classes[data.label(index)];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    happy: 14,
    tongue: 6,
    worried: 26,
    cool: 6,
    cat: 9,
    heart: 12,
    fruit: 10,
  });
  assert.deepEqual(data.skipped, []);
  data.close();
});

test('a red heart is red in the middle and lies on white', async () => {
  const data = await open();
  const heart =
    Array.from({ length: data.length }, (_, i) => i).find((i) => data.classes[data.label(i)] === 'heart') ?? -1;
  const pixels = new Uint8Array(3 * 64 * 64);
  data.read(heart, pixels);
  const at = (row: number, column: number) => [0, 1, 2].map((c) => pixels[(c * 64 + row) * 64 + column]);
  assert.deepEqual(at(63, 0), [255, 255, 255]);
  assert.deepEqual(at(30, 32), [0xdd, 0x2e, 0x44]); // the colour that the drawing names
  data.close();
});

test('every drawing is another, at every size', async () => {
  for (const size of [32, 64, 128]) {
    const data = await open(size);
    const seen = new Set<string>();
    const pixels = new Uint8Array(3 * size * size);
    for (let index = 0; index < data.length; index++) {
      data.read(index, pixels);
      seen.add(Buffer.from(pixels).toString('latin1'));
    }
    assert.equal(seen.size, 83);
    data.close();
  }
});
