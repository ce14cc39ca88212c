// @ts-check
// What it takes to put together a batch of training pictures: `node bench/loader.mjs [side] [batch]`, after a build.
// Pictures are random bytes in memory and, by range, in a file that the system holds in its cache.
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDataset, MemoryDataset } from '../packages/rin/dist/src/data/dataset.js';
import { Loader } from '../packages/rin/dist/src/data/loader.js';

const [side = 256, batch = 256] = process.argv.slice(2).map(Number);
const shape = [3, side, side];
const count = 2 * batch;
const pixels = new Uint8Array(count * 3 * side ** 2);
for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.imul(i, 0x9e3779b1) >>> 24) ^ i;
const facts = { name: 'bench', shape, classes: [], meanSquare: 1, skipped: [], fingerprint: '' };
const labels = new Int32Array(count).fill(-1);

const folder = mkdtempSync(join(tmpdir(), 'rin-bench-'));
const file = join(folder, 'pixels.bin');
writeFileSync(file, pixels);
const places = {
  'in memory': new MemoryDataset(facts, labels, pixels),
  'by range': new FileDataset(facts, labels, openSync(file, 'r')),
};

console.log(`batches of ${batch} pictures of ${side}×${side}×3; median of 9`);
const rows = [];
for (const [place, data] of Object.entries(places)) {
  for (const flip of [false, true]) {
    const loader = new Loader(data, { seed: 0, batch, flip });
    const times = [];
    for (let i = 0; i < 11; i++) {
      const began = performance.now();
      await loader.next(i * batch);
      times.push(performance.now() - began);
    }
    await loader.close();
    const median = times.slice(2).sort((a, b) => a - b)[4]; // the first ones compile
    const perSecond = Math.round((1000 * batch) / median);
    rows.push({ place, flip, 'ms a batch': Number(median.toFixed(1)), 'pictures a second': perSecond });
  }
  data.close();
}
rmSync(folder, { recursive: true });
console.table(rows);
