// @ts-check
// Measures how fast pictures are loaded for training: `node bench/loader.mjs`, after a build.
// First real pictures: decoded at the first opening, then from the cache in mirrored batches of 256.
// Then random pictures, in memory and by range from a file in the system's cache.
//   --side 256, --batch 256   of the random pictures
//   --million                 also a million pictures of 20×20, which are not kept in memory
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileDataset, MemoryDataset } from '../packages/rin/dist/src/data/dataset.js';
import { Loader } from '../packages/rin/dist/src/data/loader.js';
import { openDataset } from '../packages/rin/dist/src/data/open.js';
import { flags, machine, median, table } from './machine.mjs';

const { side, batch, million } = flags({
  side: { type: 'string', default: '256' },
  batch: { type: 'string', default: '256' },
  million: { type: 'boolean', default: false },
});

/** @typedef {import('../packages/rin/dist/src/data/dataset.js').Dataset} Dataset */
/** @typedef {{ source: string, size: number, channels?: number, resize?: 'center-crop' | 'center-crop-dhariwal' | 'fit' }} Real */

const folder = mkdtempSync(join(tmpdir(), 'rin-bench-'));
process.env.XDG_CACHE_HOME = join(folder, 'cache');
console.log(`${machine()}, ${process.env.UV_THREADPOOL_SIZE ?? 4} decoding threads; one run`);

/** Seconds for a batch: the median of nine, after two to warm up. @param {Dataset} data @param {number} size @param {boolean} flip */
async function batchTime(data, size, flip) {
  const loader = new Loader(data, { seed: 0, batch: size, flip });
  const times = [];
  for (let i = 0; i < 11; i++) {
    const began = performance.now();
    await loader.next(i * size);
    times.push(performance.now() - began);
  }
  await loader.close();
  return median(times.slice(2)) / 1000;
}

const shared = (/** @type {string} */ path) => fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url));

/** A million grey pictures. @returns {string} */
function millionPictures() {
  const path = join(folder, 'a-million-images-idx3-ubyte');
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, 1_000_000, 20, 20].entries()) header.writeUInt32BE(value, 4 * i);
  const part = Buffer.from(Uint8Array.from({ length: 4_000_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24));
  const file = openSync(path, 'w');
  for (const bytes of [header, ...new Array(100).fill(part)]) writeSync(file, bytes);
  closeSync(file);
  return path;
}

/** @type {Real[]} */
const real = [
  { source: shared('cifar10/train.tar'), size: 32 },
  { source: shared('flowers128/flowers128.tar'), size: 64 },
  { source: shared('flowers128/flowers128.tar'), size: 64, resize: 'center-crop-dhariwal' },
  { source: shared('mnist/train-images-idx3-ubyte.gz'), size: 28, channels: 1 },
  ...(million ? [{ source: millionPictures(), size: 20, channels: 1 }] : []),
];
const rows = [['data', 'pictures', 'decoded/s', 'main thread', 'opened again', 'memory', 'from the cache/s']];
for (const { source, size, channels = 3, resize = 'center-crop' } of real) {
  if (!existsSync(source)) {
    console.log(`skipped: there is no ${source}`);
    continue;
  }
  const options = { size, channels, data: { resize, flip: false, background: '#ffffff' } };
  let busy = performance.eventLoopUtilization();
  let began = performance.now();
  (await openDataset(source, options)).close();
  const first = (performance.now() - began) / 1000;
  busy = performance.eventLoopUtilization(busy);
  const before = process.memoryUsage();
  began = performance.now();
  const data = await openDataset(source, options);
  const again = (performance.now() - began) / 1000;
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  const held = (arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed) / 1e6;
  const time = await batchTime(data, 256, true);
  rows.push([
    `${basename(source)}, ${size}×${size}${resize === 'center-crop' ? '' : `, ${resize}`}`,
    String(data.length),
    (data.length / first).toFixed(0),
    `${(100 * busy.utilization).toFixed(0)} %`,
    `${again.toFixed(2)} s`,
    `${held.toFixed(0)} MB`,
    (256 / time).toFixed(0),
  ]);
  data.close();
}
table(rows);

const [extent, size] = [Number(side), Number(batch)];
const shape = [3, extent, extent];
const count = 2 * size;
const pixels = new Uint8Array(count * 3 * extent ** 2);
for (let i = 0; i < pixels.length; i++) pixels[i] = (Math.imul(i, 0x9e3779b1) >>> 24) ^ i;
const facts = { name: 'bench', shape, classes: [], meanSquare: 1, skipped: [], fingerprint: '' };
const labels = new Int32Array(count).fill(-1);
const file = join(folder, 'pixels.bin');
writeFileSync(file, pixels);
const places = {
  'in memory': new MemoryDataset(facts, labels, pixels),
  'by range': new FileDataset(facts, labels, openSync(file, 'r')),
};

console.log(`\nbatches of ${size} pictures of ${extent}×${extent}×3; median of 9`);
const batches = [['place', 'flip', 'ms a batch', 'pictures/s']];
for (const [place, data] of Object.entries(places)) {
  for (const flip of [false, true]) {
    const time = await batchTime(data, size, flip);
    batches.push([place, String(flip), (1000 * time).toFixed(1), (size / time).toFixed(0)]);
  }
  data.close();
}
table(batches);
rmSync(folder, { recursive: true });
