import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DataProgress } from '../../../src/data/progress.js';
import { resolveLabels } from '../../../src/data/sources/labels.js';
import { sorted } from '../../../src/data/sources/sorted.js';
import { naturalOrder } from '../../../src/data/sources/source.js';
import { surveyData } from '../../../src/data/survey.js';
import { TarWriter } from '../../../src/data/tarWriter.js';
import { type Colour, cifarRecord, folderOf, idx, open, problem, random, solid, tar, work } from '../fixtures.js';

const red: Colour = [255, 0, 0];
const pipe = (...path: string[]) => execFileSync('mkfifo', [join(...path)]);
const infiniteDevice = '/dev/zero';

/**
 * Opens each source in a process of its own, for to wait for a pipe blocks all that a process does.
 * @returns what is said of each: the number of pictures and notices, or the error
 */
async function outcomes(sources: readonly string[]): Promise<string[]> {
  const url = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
  const folder = await folderOf({
    'ask.mjs': `
      import { openDataset } from ${url('data/open.js')};
      for (const source of process.argv.slice(2)) {
        const said = [];
        const data = { resize: 'center-crop', flip: false, background: '#ffffff' };
        await openDataset(source, { size: 4, channels: 3, data, onNotice: (text) => said.push(text) }).then(
          ({ length, skipped }) => console.log(JSON.stringify([length, ...skipped.map(({ name, reason }) => name + ': ' + reason), ...said])),
          ({ constructor, message }) => console.log(JSON.stringify([constructor.name, message])));
      }`,
  });
  const said = execFileSync(process.execPath, [join(folder, 'ask.mjs'), ...sources], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return said.trim().split('\n');
}

test('pipes, sockets and devices are never opened, whatever they are called', async () => {
  const folder = await folderOf({ 'c.png': red });
  pipe(folder, 'a.png');
  pipe(folder, 'metadata.jsonl');
  symlinkSync(infiniteDevice, join(folder, 'b.png'));
  symlinkSync('a.png', join(folder, 'd.jpg'));
  const server = createServer().listen(join(folder, 'e.png'));
  await new Promise((resolve) => server.once('listening', resolve));
  const packed = tar(folder, '--exclude=e.png', '.');

  const digits = await folderOf({ 'train-labels-idx1-ubyte': idx([1], [0]) });
  pipe(digits, 'train-images-idx3-ubyte');
  const labels = await folderOf({ 'train-images-idx3-ubyte': idx([1, 4, 4], new Array(16).fill(9)) });
  pipe(labels, 'train-labels-idx1-ubyte.gz');
  const batches = await folderOf({ 'data_batch_2.bin': cifarRecord([1], 5) });
  pipe(batches, 'data_batch_1.bin');
  const store = await folderOf({ 'pixels.bin': 'x', 'labels.bin': 'x' });
  pipe(store, 'index.json');
  pipe(work, 'pipe.tar');
  const [inFolder, inTar, ...refused] = await outcomes(
    [folder, packed, digits, labels, batches, store, join(work, 'pipe.tar'), infiniteDevice].map(String),
  );
  server.close();
  assert.equal(inFolder, JSON.stringify([1, `${folder}: 5 files ignored: 5 pipes, sockets or devices`]));
  assert.equal(inTar, JSON.stringify([1, `${packed}: 2 files ignored: 2 pipes, sockets or devices`]));
  const patterns = [
    /train-images-idx3-ubyte: a pipe, socket or device; expected a file"/,
    /train-labels-idx1-ubyte\.gz: a pipe, socket or device; expected a file"/,
    /data_batch_1\.bin: a pipe, socket or device; expected a file"/,
    /no pictures here .*; other files: 2, such as labels\.bin"/,
    /pipe\.tar: a pipe, socket or device; expected a file or a folder"/,
    /zero: a pipe, socket or device; expected a file or a folder"/,
  ];
  assert.equal(refused.length, patterns.length);
  for (const [i, pattern] of patterns.entries()) {
    assert.match(refused[i], pattern);
    assert.match(refused[i], /^\["RinError",/);
  }
});

test('a file of gigabytes that is called like a picture is left out with the reason', async () => {
  const folder = await folderOf({ 'a.png': red, 'b.png': await solid(red) });
  truncateSync(join(folder, 'b.png'), 3e9);
  const { skipped } = await open(folder);
  assert.deepEqual(skipped, [{ name: 'b.png', reason: '3.0 GB; expected at most 1.1 GB' }]);
});

test('lists of gigabytes, and with endless lines, are refused', async () => {
  for (const [name, size] of [
    ['metadata.jsonl', 3e9],
    ['dataset.json', 2e8],
  ] as const) {
    const folder = await folderOf({ 'a.png': red, [name]: '{' });
    truncateSync(join(folder, name), size);
    assert.match(await problem(open(folder)), new RegExp(`${name}: .*B; expected at most`));
  }
  const line = `{"file_name": "a.png", "text": "${'x'.repeat(2 ** 21)}"}`;
  const folder = await folderOf({ 'a.png': red, 'metadata.jsonl': line });
  assert.match(await problem(open(folder)), /metadata\.jsonl: line 1: \d+ bytes; expected at most 1048576/);
});

test('labels of brackets in brackets are refused', async () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const ask = async (name: string, text: string) => problem(open(await folderOf({ 'a.png': red, [name]: text })));
  assert.match(
    await ask('metadata.jsonl', `{"file_name": "a.png", "label": ${deep}}`),
    /line 1: (not JSON|label .nested)/,
  );
  assert.match(await ask('dataset.json', `{"labels": [${deep}]}`), /dataset\.json: (not JSON|labels\[0\]: expected)/);
  assert.match(await ask('a.json', `{"label": ${deep}}`), /a\.json: (not JSON|label .nested)/);
});

test('more classes than labels have room for are refused', () => {
  const givens = Array.from({ length: 100_001 }, (_, i) => ({ name: `c${i}` }));
  assert.equal(resolveLabels(givens.slice(1), 'x').classes.length, 100_000);
  assert.throws(() => resolveLabels(givens, 'x'), /^RinError: x: 100001 classes; expected at most 100000$/);
});

test('folders in folders, as deep as a system allows, are searched', async () => {
  const folder = await folderOf({ 'cat/1.png': red });
  // Built from the innermost, for a path has at most 4096 bytes.
  let inner = await folderOf({ '2.png': red });
  for (let depth = 0; depth < 400; depth++) {
    const outer = join(work, `outer${depth % 2}`);
    mkdirSync(outer);
    renameSync(inner, join(outer, 'd'));
    inner = outer;
  }
  renameSync(inner, join(folder, 'dog'));
  assert.deepEqual((await open(folder)).classes, ['cat', 'dog']);
});

test('a tar with a path of many thousand characters is refused', async () => {
  const path = join(work, 'long.tar');
  const archive = new TarWriter((piece) => appendFileSync(path, piece));
  archive.add('a/1.png', await solid(red));
  archive.add(`${'d/'.repeat(100_000)}2.png`, await solid(red));
  archive.finish();
  assert.match(await problem(open(path)), /long\.tar: damaged at byte \d+: a path of 200005 characters/);
});

test('long work on names lets other things happen, and ends when it is told to', async () => {
  const draw = random(3);
  const names = Array.from({ length: 20_000 }, () => `${Math.floor(draw() * 40)}/${Math.floor(draw() * 1e6)}.png`);
  assert.deepEqual(await sorted(names, {}), [...names].sort(naturalOrder));
  const path = join(work, 'names.tar');
  const archive = new TarWriter((piece) => appendFileSync(path, piece));
  for (let i = 0; i < 2000; i++) archive.add(`${i}.txt`, Buffer.alloc(0));
  archive.finish();
  const folder = join(work, 'names');
  mkdirSync(folder);
  for (let i = 0; i < 2000; i++) writeFileSync(join(folder, `${i}.txt`), '');
  for (const source of [path, folder]) {
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await assert.rejects(open(source, { signal: stop.signal }), { name: 'AbortError' });
  }
});

test('many empty files, which fail at once, leave room for Ctrl-C', async () => {
  const empty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}.png`, '']));
  const folder = await folderOf({ ...empty, 'good.png': red });
  for (const [stage, work] of [
    ['reading', surveyData],
    ['decoding', open],
  ] as const) {
    const stop = new AbortController();
    const onProgress = (progress: DataProgress) => {
      if (progress.stage === stage) setImmediate(() => stop.abort());
    };
    await assert.rejects(work(folder, { onProgress, signal: stop.signal }), { name: 'AbortError' }, stage);
  }
});
