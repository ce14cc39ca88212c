import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConvertOptions, convertData } from '../../src/data/convert.js';
import type { Dataset } from '../../src/data/dataset.js';
import sharp from '../../src/media/sharp.js';
import { encodeWav } from '../../src/media/wav.js';
import { type Colour, cifarRecord, contents, folderOf, idx, open, problem, sample, solid, work } from './fixtures.js';

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];

let targets = 0;
/** Converts to a new tar or folder. */
async function converted(source: string, end: '' | '.tar', options: Partial<ConvertOptions> = {}) {
  const target = join(work, `target${targets++}${end}`);
  return {
    target,
    ...(await convertData(source, target, { resize: 'center-crop', background: '#ffffff', ...options })),
  };
}

/** What a tar holds, as the system's program says. */
const listed = (path: string) => execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trimEnd().split('\n');

/** All samples, sorted by class, in their order within it. */
function byClass(data: Dataset): string[] {
  const all = Array.from({ length: data.length }, (_, i) => ({ label: data.label(i), pixels: sample(data, i) }));
  all.sort((a, b) => a.label - b.label);
  return all.map(({ label, pixels }) => `${data.classes[label]}: ${Buffer.from(pixels).toString('base64')}`);
}

const noise = Array.from({ length: 5 * 16 }, (_, i) => (i * i * 37) % 256);
const mnist = {
  'train-images-idx3-ubyte': idx([5, 4, 4], noise),
  'train-labels-idx1-ubyte': idx([5], [2, 0, 10, 2, 1]),
};
const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const cifar = {
  'batches.meta.txt': names.join('\n'),
  'data_batch_1.bin': Buffer.concat(names.map((_, n) => cifarRecord([(n * 7) % 10], 20 * n))),
};

test('a tar, and a folder, give the samples that their source gives', async () => {
  for (const [files, shape, classes] of [
    [mnist, [1, 4, 4], Array.from({ length: 11 }, (_, i) => String(i))],
    [cifar, [3, 32, 32], names],
  ] as const) {
    const source = await folderOf(files);
    const options = { size: shape.slice(1), channels: shape[0] };
    const original = await open(source, options);
    const tar = await converted(source, '.tar');
    assert.deepEqual([tar.pictures, tar.shape, tar.skipped], [original.length, shape, []]);
    const fromTar = await open(tar.target, options);
    assert.deepEqual(fromTar.classes, classes);
    assert.deepEqual(byClass(fromTar), byClass(original));

    const folder = await converted(source, '');
    const fromFolder = await open(folder.target, options);
    assert.deepEqual(fromFolder.classes, classes);
    assert.deepEqual(contents(fromFolder), contents(original));
    assert.equal(fromFolder.fingerprint, original.fingerprint, 'a run on the source goes on with it');
  }
});

test('pictures keep their names, class by class; what a folder cannot be called is told by a list', async () => {
  const source = await folderOf({
    'cat/a.png': red,
    'cat/deep/b.jpg': await sharp(await solid(red))
      .jpeg()
      .toBuffer(),
    'cow/a.png': blue,
  });
  const { target } = await converted(source, '.tar');
  assert.deepEqual(listed(target), ['cat/a.png', 'cat/b.png', 'cow/a.png']);

  const labels = ['../up', 'a/b', '.hidden', 'plain', null];
  const lines = labels.map((name, i) => JSON.stringify({ file_name: `${i}.png`, class: name }));
  const odd = await folderOf({
    ...Object.fromEntries(labels.map((_, i) => [`${i}.png`, [i, 0, 0] as Colour])),
    'metadata.jsonl': lines.join('\n'),
  });
  const original = await open(odd);
  const tar = await converted(odd, '.tar');
  assert.deepEqual(listed(tar.target), ['0/0.png', '2/1.png', '1/2.png', 'plain/3.png', '4.png', 'metadata.jsonl']);
  const again = await open(tar.target);
  assert.deepEqual(again.classes, original.classes);
  assert.deepEqual(byClass(again), byClass(original));
});

test('a folder keeps the classes that have no picture; that a tar does not is said', async () => {
  const records = [0, 2, 3].map((label) => cifarRecord([label], label));
  const source = await folderOf({ ...cifar, 'data_batch_1.bin': Buffer.concat(records) });
  const folder = await converted(source, '');
  assert.equal(folder.notice, undefined);
  assert.deepEqual((await open(folder.target, { size: 32 })).classes, names);
  const tar = await converted(source, '.tar');
  assert.match(
    tar.notice ?? '',
    /a tar cannot keep classes without pictures \(automobile, deer, dog, .*truck\); a folder can/,
  );
});

test('names that differ only in what they end with, and long ones, stay apart', async () => {
  const long = `${'x'.repeat(120)}é.png`;
  const jpeg = await sharp(await solid(green))
    .jpeg()
    .toBuffer();
  const { target } = await converted(await folderOf({ 'a/1.png': red, 'a/1.jpg': jpeg, [`a/${long}`]: blue }), '.tar');
  const found = execFileSync('tar', ['-tf', target, '--quoting-style=literal'], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  assert.deepEqual(found, ['a/1.png', 'a/1-2.png', `a/${long}`]);
  assert.equal((await open(target)).length, 3);
});

test('size, channels and rule are those that were asked for', async () => {
  const source = await folderOf({
    'a.png': await sharp({ create: { width: 20, height: 10, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer(),
  });
  const { target } = await converted(source, '.tar', { size: [8, 8], resize: 'fit', background: '#0000FF' });
  const pixels = sample(await open(target, { size: 8 }), 0);
  assert.deepEqual([pixels[0], pixels[128]], [0, 255], 'blue above');
  assert.deepEqual([pixels[8 * 4], pixels[128 + 8 * 4]], [255, 0], 'red in the middle');
  assert.deepEqual((await converted(source, '', { size: [6, 4], channels: 1 })).shape, [1, 6, 4]);
});

test('a converted folder is scaled where another size is asked for', async () => {
  const source = await folderOf(cifar);
  const { target } = await converted(source, '');
  const options = { size: 16, channels: 3 };
  assert.deepEqual(contents(await open(target, options)), contents(await open(source, options)));
});

test('sizes that differ need one that is given, and nothing is written over', async () => {
  const wide = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#ff0000' } })
    .png()
    .toBuffer();
  const source = await folderOf({ 'a.png': wide, 'b.png': red });
  assert.match(
    await problem(converted(source, '.tar')),
    /pictures of 2 sizes, 4 to 20 wide and 4 to 10 high; give one size for all/,
  );
  assert.match(
    await problem(converted(await folderOf({ 'a.png': 'x' }), '.tar')),
    /none of the 1 pictures can be read/,
  );
  const taken = join(work, 'taken.tar');
  writeFileSync(taken, 'mine');
  assert.match(
    await problem(convertData(source, taken, { size: [4, 4], resize: 'fit', background: '#ffffff' })),
    /taken\.tar already exists/,
  );
  assert.equal(readFileSync(taken, 'utf8'), 'mine');
});

test('a slash behind the folder, and what others call .part, do no harm', async () => {
  const source = await folderOf({ 'a/1.png': red, 'b/2.png': blue });
  const options = { resize: 'fit', background: '#ffffff' } as const;
  const target = join(work, 'slash');
  await convertData(source, `${target}/`, options);
  assert.equal((await open(target)).length, 2);
  const download = join(work, 'flowers.tar.part');
  writeFileSync(download, 'half of it');
  await convertData(source, join(work, 'flowers.tar'), options);
  assert.equal(readFileSync(download, 'utf8'), 'half of it');
});

test('what gets the name of the target meanwhile is not written over, and told', async () => {
  const source = await folderOf({ 'a/1.png': red, 'b/2.png': blue });
  for (const end of ['', '.tar']) {
    const target = join(work, `meanwhile${end}`);
    const onProgress = () => {
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'mine'), 'mine');
    };
    const options = { size: [4, 4], resize: 'fit', background: '#ffffff', onProgress } as const;
    assert.match(await problem(convertData(source, target, options)), /meanwhile.*(already exists|it is a folder)/);
    assert.equal(readFileSync(join(target, 'mine'), 'utf8'), 'mine');
  }
  assert.deepEqual(
    readdirSync(work).filter((name) => name.startsWith('meanwhile')),
    ['meanwhile', 'meanwhile.tar'],
  );
});

test('"emoji" and "bouncing" are built-in sets, though a converted folder is called so', async () => {
  const { target } = await converted(await folderOf({ 'a/1.png': red }), '');
  const back = process.cwd();
  const cwd = await folderOf({ 'notes.txt': '' });
  cpSync(target, join(cwd, 'emoji'), { recursive: true });
  process.chdir(cwd);
  try {
    assert.equal((await open('emoji')).length, 83);
    assert.equal((await open('./emoji')).length, 1);
  } finally {
    process.chdir(back);
  }
});

test('what is stopped leaves nothing behind', async () => {
  const source = await folderOf(
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.png`, [i, 5, 5] as Colour])),
  );
  for (const target of [join(work, 'stopped.tar'), join(work, 'stopped')]) {
    const stop = new AbortController();
    const onProgress = ({ stage, done }: { stage: string; done: number }) =>
      stage === 'decoding' && done > 0 && stop.abort();
    const options = { size: [4, 4], resize: 'fit', background: '#ffffff', signal: stop.signal, onProgress } as const;
    await assert.rejects(convertData(source, target, options), { name: 'AbortError' });
    assert.deepEqual(
      readdirSync(work).filter((name) => name.startsWith('stopped')),
      [],
    );
  }
});

test('a converted folder that is not what was written is told', async () => {
  const { target } = await converted(await folderOf({ 'a/1.png': red, 'b/2.png': blue }), '');
  truncateSync(join(target, 'pixels.bin'), 95);
  assert.match(
    await problem(open(target)),
    /target\d+: damaged \(pixels\.bin has 95 bytes, not 96\); convert the data again/,
  );
  assert.ok(existsSync(target));
});

test('sounds cannot be converted, and the message says so at every size', async () => {
  const wav = Buffer.from(encodeWav({ data: new Uint8Array(64).fill(90), shape: [1, 64] }, { rate: 8000 }));
  const source = await folderOf({ 'a.wav': wav });
  for (const size of [undefined, [64], [64, 64], [4, 8, 8]]) {
    const message = await problem(converted(source, '', size && { size }));
    assert.equal(message, `${source}: sounds cannot be converted; train on them directly`);
  }
});
