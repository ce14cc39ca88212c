import assert from 'node:assert/strict';
import fs, { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { convertData } from '../../src/data/convert.js';
import { machineFailure } from '../../src/data/decoding/machine.js';
import { sha256 } from '../../src/data/storeIndex.js';
import { observeChanges } from '../../src/disk/wholeFiles.js';
import { type Colour, contents, folderOf, open, problem, sample, solid, work } from './fixtures.js';

/** What is decoded, apart from the notes of stamps. */
const caches = (folder: string) => (existsSync(folder) ? readdirSync(folder).filter((name) => name !== 'known') : []);

let count = 0;

/** A cache of its own for what follows. */
function freshCache(): string {
  const folder = join(work, `own${count++}`);
  process.env.RIN_DATA_CACHE = folder;
  return folder;
}

/** Acts while the system lets nothing be written. */
async function readOnly<T>(act: () => Promise<T>): Promise<T> {
  observeChanges(() => {
    throw Object.assign(new Error('EROFS: raw'), { code: 'EROFS' });
  });
  try {
    return await act();
  } finally {
    observeChanges(() => {});
  }
}

test('RIN_DATA_CACHE names the folder of decoded data, and nothing else', async () => {
  const cache = freshCache();
  const { fingerprint } = await open(await folderOf({ 'a.png': [1, 2, 3] }));
  assert.deepEqual(caches(cache), [fingerprint]);
  delete process.env.RIN_DATA_CACHE;
  await open(await folderOf({ 'a.png': [3, 2, 1] }));
  assert.deepEqual(caches(cache), [fingerprint]);
});

test('a cache that cannot be written but holds the data is used, also for a copy that was never seen', async () => {
  freshCache();
  const files: Record<string, Colour> = { 'a/1.png': [1, 2, 3], 'b/2.png': [4, 5, 6] };
  const first = await open(await folderOf(files));
  const copy = await folderOf(files);
  const again = await readOnly(() => open(copy));
  assert.deepEqual(contents(again), contents(first));
  const other = await folderOf({ 'a.png': [7, 8, 9] });
  assert.match(
    await problem(readOnly(() => open(other))),
    /cannot write the cache of decoded data in .*: the file system is read-only; set RIN_DATA_CACHE to a writable folder/,
  );
});

test('a picture that changes between its two readings is told, and its new pixels are not kept under the old name', async () => {
  const cache = freshCache();
  const folder = await folderOf({ '1.png': [1, 1, 1], '2.png': [2, 2, 2] });
  const [before, after] = [await solid([1, 1, 1]), await solid([9, 9, 9])];
  const changing = (stage: string) => ({
    onProgress: (progress: { stage: string; done: number; total: number }) => {
      if (progress.stage === stage && progress.done === progress.total) writeFileSync(join(folder, '1.png'), after);
    },
  });
  assert.match(await problem(open(folder, changing('reading'))), /changed while it was read; start again/);
  assert.deepEqual(caches(cache), []);
  writeFileSync(join(folder, '1.png'), before);
  await open(folder);
  // Of these contents only the stamp is looked at, since they were read before.
  assert.match(
    await problem(open(folder, { size: 8, ...changing('searching') })),
    /changed while it was read; start again/,
  );
  assert.deepEqual(contents(await open(folder, { size: 8 }))[0].colour, [9, 9, 9]);
  writeFileSync(join(folder, '1.png'), before);
  assert.deepEqual(contents(await open(folder, { size: 8 }))[0].colour, [1, 1, 1]);
});

test('a picture that the disk fails to read is an error, and not left out for ever', async () => {
  const cache = freshCache();
  const folder = await folderOf({ '1.png': [1, 1, 1], '2.png': [2, 2, 2] });
  const { readSync } = fs;
  fs.readSync = ((fd: number, ...range: never[]) => {
    if (readlinkSync(`/proc/self/fd/${fd}`).endsWith('2.png')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return (readSync as (...all: unknown[]) => number)(fd, ...range);
  }) as typeof readSync;
  syncBuiltinESMExports();
  try {
    assert.match(await problem(open(folder)), /2\.png could not be read: the disk reports an error; start again/);
  } finally {
    fs.readSync = readSync;
    syncBuiltinESMExports();
  }
  assert.deepEqual(caches(cache), []);
  assert.equal((await open(folder)).length, 2);
});

test('failures of the machine are told from pictures that cannot be read', () => {
  const system = (code: string) => Object.assign(new Error(code), { code });
  for (const code of ['EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE', 'ETIMEDOUT', 'EAGAIN'])
    assert.ok(machineFailure(system(code)), code);
  for (const message of [
    'timeout: 12% complete',
    'Input buffer has corrupt header: vips_tracked: out of memory -- size == 137MB',
    'source: bad seek to 1024\nheif: Invalid input: Unspecified: Memory allocation error (2.0)',
    'VipsJpeg: Insufficient memory (case 4)',
    'Array buffer allocation failed',
  ])
    assert.ok(machineFailure(new Error(message)), message);
  for (const code of ['ENOENT', 'EACCES', 'EISDIR', 'ELOOP'])
    assert.equal(machineFailure(system(code)), undefined, code);
  for (const message of [
    'VipsJpeg: premature end of JPEG image',
    'heif: Memory allocation error: Security limit exceeded: out of memory',
    'Input image exceeds pixel limit',
  ])
    assert.equal(machineFailure(new Error(message)), undefined, message);
});

/** Three samples of a block each: 512×512 grey pixels. */
const large = { size: 512, channels: 1, memory: 0 };
const flip = (path: string, at: number) => {
  const bytes = readFileSync(path);
  bytes[at] ^= 1;
  writeFileSync(path, bytes);
};

test('a changed byte is noticed in data that are read by position, in its block and when that is needed', async () => {
  const cache = freshCache();
  const folder = await folderOf({ '1.png': [1, 1, 1], '2.png': [2, 2, 2], '3.png': [3, 3, 3] });
  const { fingerprint } = await open(folder, large);
  const pixels = join(cache, fingerprint, 'pixels.bin');
  flip(pixels, 2 ** 18 + 5);
  const data = await open(folder, large);
  assert.deepEqual([sample(data, 0)[0], sample(data, 2)[0]], [1, 3]);
  assert.throws(() => sample(data, 1), /pixels\.bin: damaged in samples 1 to 1; remove its folder and make it again/);
  await assert.rejects(async () => data.readLater?.(1, new Uint8Array(2 ** 18)), /damaged in samples 1 to 1/);
  flip(pixels, 2 ** 18 + 5);
  await data.readLater?.(1, new Uint8Array(2 ** 18));
  assert.equal(sample(data, 1)[7], 2);
});

test('blocks that the index claims to be huge are not read into memory', async () => {
  freshCache();
  const target = join(work, 'hostile');
  const source = await folderOf({ 'a/1.png': [1, 1, 1], 'b/2.png': [2, 2, 2] });
  await convertData(source, target, { resize: 'fit', background: '#ffffff' });
  const path = join(target, 'index.json');
  const { sha256: _, ...index } = JSON.parse(readFileSync(path, 'utf8'));
  const changed = { ...index, samplesInBlock: 2 ** 50 };
  writeFileSync(path, JSON.stringify({ ...changed, sha256: sha256(JSON.stringify(changed)) }));
  assert.match(await problem(open(target, { memory: 0 })), /damaged \(index\.json does not fit pixels\.bin\)/);
});

/** Makes a store as earlier versions wrote it: one digest of all pixels. */
function makeFormer(store: string): void {
  const path = join(store, 'index.json');
  const {
    format,
    samplesInBlock,
    blockDigests,
    labelsSha256,
    sha256: own,
    ...facts
  } = JSON.parse(readFileSync(path, 'utf8'));
  assert.ok(format === 2 && samplesInBlock && blockDigests && own);
  const former = { ...facts, pixelsSha256: sha256(readFileSync(join(store, 'pixels.bin'))), labelsSha256 };
  writeFileSync(path, JSON.stringify({ ...former, sha256: sha256(JSON.stringify(former)) }));
}

test('a converted folder of the earlier format opens; a cache of it is made anew, and that is said', async () => {
  const cache = freshCache();
  const folder = await folderOf({ 'a/1.png': [1, 1, 1], 'b/2.png': [2, 2, 2] });
  const first = await open(folder);
  const target = join(work, 'former');
  await convertData(folder, target, { resize: 'center-crop', background: '#ffffff' });
  makeFormer(target);
  for (const memory of [0, 2 ** 20]) {
    const data = await open(target, { memory });
    assert.deepEqual([contents(data), data.fingerprint], [contents(first), first.fingerprint]);
  }
  flip(join(target, 'pixels.bin'), 0);
  assert.match(await problem(open(target)), /damaged \(pixels\.bin was changed\)/);

  makeFormer(join(cache, first.fingerprint));
  const notices: string[] = [];
  const again = await open(folder, { onNotice: (sentence) => notices.push(sentence) });
  assert.match(notices.join(), /^the cache .* is of an earlier version of rin; the data are decoded again$/);
  assert.deepEqual(contents(again), contents(first));
});

test('a source that is a damaged converted folder is an error, and its samples are not left out', async () => {
  const cache = freshCache();
  const folder = await folderOf({ 'a/1.png': [1, 1, 1], 'b/2.png': [2, 2, 2] });
  const target = join(work, 'damaged');
  await convertData(folder, target, { resize: 'center-crop', background: '#ffffff' });
  flip(join(target, 'pixels.bin'), 0);
  assert.match(await problem(open(target, { size: 8, memory: 0 })), /damaged in samples 0 to 1/);
  assert.deepEqual(caches(cache), []);
});
