import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Colour, contents, folderOf, open, problem, solid, work } from '../fixtures.js';

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];

test('the class of a picture is its top folder; order is natural, not that of the disk', async () => {
  const data = await open(
    await folderOf({ 'b/10.png': red, 'b/9.png': green, 'a/deep/x.png': blue, 'c10/1.png': red, 'c9/1.png': blue }),
  );
  assert.deepEqual(data.classes, ['a', 'b', 'c9', 'c10']);
  assert.deepEqual(contents(data), [
    { colour: blue, class: 'a' },
    { colour: green, class: 'b' },
    { colour: red, class: 'b' },
    { colour: blue, class: 'c9' },
    { colour: red, class: 'c10' },
  ]);
  assert.equal(data.length, 5);
  assert.deepEqual(data.shape, [3, 4, 4]);
});

test('pictures without folders have no class', async () => {
  const data = await open(await folderOf({ '2.png': red, '10.png': green }));
  assert.deepEqual(data.classes, []);
  assert.deepEqual(contents(data), [
    { colour: red, class: undefined },
    { colour: green, class: undefined },
  ]);
  assert.equal(data.label(0), -1);
});

test('dataset.json tells the labels', async () => {
  const labels = [
    ['x/1.png', 2],
    ['x/2.png', 0],
    ['y/3.png', null],
  ];
  const data = await open(
    await folderOf({ 'x/1.png': red, 'x/2.png': green, 'y/3.png': blue, 'dataset.json': JSON.stringify({ labels }) }),
  );
  assert.deepEqual(data.classes, ['0', '1', '2']);
  assert.deepEqual(
    [0, 1, 2].map((index) => data.label(index)),
    [2, 0, -1],
  );
});

test('dataset.json with null labels means no classes, whatever the folders', async () => {
  const data = await open(await folderOf({ 'x/1.png': red, 'dataset.json': '{"labels": null}' }));
  assert.deepEqual([data.classes, data.label(0)], [[], -1]);
});

test('metadata.jsonl tells labels, names, or both', async () => {
  const pictures = { 'x/1.png': red, 'x/2.png': green };
  const both =
    '{"file_name": "x/1.png", "label": 1, "class": "dog"}\n{"file_name": "x/2.png", "label": 0, "class": "cat"}\n';
  const names = '{"file_name": "x/1.png", "label": "dog"}\n\n{"file_name": "x/2.png", "label": "cat"}';
  const classes = '{"file_name": "x/1.png", "class": "dog"}\r\n{"file_name": "x/2.png", "class": "cat"}\r\n';
  for (const text of [both, names, classes]) {
    const data = await open(await folderOf({ ...pictures, 'metadata.jsonl': text }));
    assert.deepEqual(data.classes, ['cat', 'dog']);
    assert.deepEqual([data.label(0), data.label(1)], [1, 0]);
  }
  const texts = '{"file_name": "x/1.png", "text": "a"}\n{"file_name": "x/2.png", "text": "b"}';
  assert.deepEqual((await open(await folderOf({ ...pictures, 'metadata.jsonl': texts }))).classes, ['x']);
});

test('a list that does not fit is told with file, place and what was expected', async () => {
  const ask = async (name: string, text: string) =>
    problem(open(await folderOf({ 'a.png': red, 'b.png': red, [name]: text })));
  assert.match(await ask('dataset.json', '{\n"labels": [\n1 2\n]}'), /dataset\.json: not JSON/);
  assert.match(await ask('dataset.json', '[]'), /dataset\.json: expected \{"labels"/);
  assert.match(
    await ask('dataset.json', '{"labels": [["a.png"]]}'),
    /labels\[0\]: expected \["path", number\], found \["a.png"\]/,
  );
  assert.match(
    await ask('dataset.json', '{"labels": [["a.png", 1.5], ["b.png", 1]]}'),
    /a\.png: label 1\.5: expected an integer/,
  );
  assert.match(
    await ask('dataset.json', '{"labels": [["a.png", 1e9], ["b.png", 1]]}'),
    /expected an integer from 0 to/,
  );
  assert.match(
    await ask('dataset.json', '{"labels": [["a.png", 1]]}'),
    /does not list 1 of 2 pictures, such as b\.png;/,
  );
  assert.match(await ask('metadata.jsonl', '{"file_name": "a.png"}\nx'), /metadata\.jsonl: line 2: not JSON/);
  assert.match(await ask('metadata.jsonl', '{"name": "a.png"}'), /line 1: expected an object with file_name/);
  const mixed = '{"file_name": "a.png", "label": 1, "class": "x"}\n{"file_name": "b.png", "label": 1, "class": "y"}';
  assert.match(await ask('metadata.jsonl', mixed), /label 1 has the names "x" and "y"/);
  const twice = '{"file_name": "a.png", "label": 1, "class": "x"}\n{"file_name": "b.png", "label": 0, "class": "x"}';
  assert.match(await ask('metadata.jsonl', twice), /two labels have the name "x"/);
});

test('what is listed but not there counts as skipped', async () => {
  const data = await open(
    await folderOf({ 'a.png': red, 'dataset.json': '{"labels": [["a.png", 0], ["gone.png", 0]]}' }),
  );
  assert.deepEqual(data.skipped, [{ name: 'gone.png', reason: 'listed in dataset.json, but not there' }]);
});

test('hidden files, the leavings of systems and files that are no pictures are passed over', async () => {
  const junk = {
    '.DS_Store': 'x',
    '._a.png': 'x',
    '__MACOSX/a/._1.png': 'x',
    'a/.hidden.png': 'x',
    '.git/x.png': 'x',
    'a/Thumbs.db': 'x',
    'README.md': 'x',
  };
  const data = await open(await folderOf({ 'a/1.png': red, ...junk }));
  assert.deepEqual([data.length, data.classes, data.skipped], [1, ['a'], []]);
});

test('links to pictures and folders are followed, a circle of links is not, one that leads nowhere is skipped', async () => {
  const other = await folderOf({ '1.png': blue });
  const folder = await folderOf({ 'a/1.png': red });
  symlinkSync(other, join(folder, 'b'));
  symlinkSync(join(other, '1.png'), join(folder, 'a', '2.png'));
  symlinkSync('..', join(folder, 'a', 'circle'));
  symlinkSync('nowhere.png', join(folder, 'a', '3.png'));
  symlinkSync('4.png', join(folder, 'a', '4.png'));
  const data = await open(folder);
  assert.deepEqual(
    contents(data).map(({ class: name }) => name),
    ['a', 'a', 'b'],
  );
  assert.deepEqual(
    data.skipped.map(({ name }) => name),
    ['a/3.png', 'a/4.png'],
  );
  symlinkSync('loop', join(folder, 'loop'));
  assert.match(await problem(open(join(folder, 'loop'))), /cannot read .*loop: its symbolic links form a circle/);
});

test('unreadable pictures are skipped and listed with the reason', async () => {
  const whole = await solid(red);
  const data = await open(
    await folderOf({
      '1.png': red,
      '2.png': 'no picture',
      '3.png': '',
      '4.png': whole.subarray(0, whole.length - 30),
      '5.png': blue,
    }),
  );
  assert.deepEqual(
    contents(data).map(({ colour }) => colour),
    [red, blue],
  );
  assert.deepEqual(
    data.skipped.map(({ name }) => name),
    ['2.png', '3.png', '4.png'],
  );
  for (const { reason } of data.skipped) assert.match(reason, /^\S.{3,80}$/);
});

test('names that are not UTF-8 are told: a folder stops the search, a picture is skipped', async () => {
  const folder = await folderOf({ 'a.png': red });
  const odd = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]); // Latin-1
  writeFileSync(Buffer.concat([odd, Buffer.from('.png')]), await solid(blue));
  const data = await open(folder);
  assert.deepEqual([data.length, data.skipped[0].reason], [1, 'it is gone, or its name is not in UTF-8']);
  mkdirSync(odd);
  assert.match(await problem(open(folder)), /caf\ufffd: this folder cannot be opened: .* not in UTF-8; rename it/);
});

test('a source without a readable picture is an error that says what is there', async () => {
  assert.match(
    await problem(open(await folderOf({ '1.png': 'x', '2.png': 'y' }))),
    /none of the 2 pictures can be read; the first is 1\.png \(/,
  );
  assert.match(
    await problem(open(await folderOf({ 'notes.txt': 'x' }))),
    /no pictures here .* other files: 1, such as notes\.txt/,
  );
  assert.match(
    await problem(open(await folderOf({ 'flowers.tar': 'x' }))),
    /but it has flowers\.tar; use that as the data/,
  );
  const packed = { 'test.tar': 'x', 'train.tar': 'x', 'metadata.jsonl': '{"of": "something else"}' };
  assert.match(await problem(open(await folderOf(packed))), /but it has train\.tar; use that/);
  const torchvision = { 'MNIST/raw/t10k-images-idx3-ubyte': 'x', 'MNIST/raw/train-images-idx3-ubyte': 'x' };
  assert.match(await problem(open(await folderOf(torchvision))), /but it has MNIST\/raw; use that/);
  assert.match(await problem(open(join(work, 'nowhere'))), /nowhere: no such folder or file/);
});

test('the second opening decodes nothing', async () => {
  const folder = await folderOf({ 'a/1.png': red, 'b/2.png': blue });
  const stages = async (source: string) => {
    const seen = new Set<string>();
    const data = await open(source, { onProgress: ({ stage }) => seen.add(stage) });
    return { stages: [...seen], fingerprint: data.fingerprint, contents: contents(data) };
  };
  const first = await stages(folder);
  assert.deepEqual(first.stages, ['searching', 'reading', 'decoding']);
  assert.deepEqual(await stages(folder), { ...first, stages: ['searching'] });

  const copy = join(work, 'copy');
  cpSync(folder, copy, { recursive: true });
  assert.deepEqual(
    await stages(copy),
    { ...first, stages: ['searching', 'reading'] },
    'a copy is compared, not decoded',
  );
});

test('another content, name or class is another data set, even with the same size and time', async () => {
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(500 - bytes.length)]);
  const folder = await folderOf({ 'a/1.png': padded(await solid(red)), 'a/2.png': green });
  const time = new Date(1e12);
  utimesSync(join(folder, 'a/1.png'), time, time);
  const prints = new Set([(await open(folder)).fingerprint]);

  const other = padded(await solid(blue));
  writeFileSync(join(folder, 'a/1.png'), other);
  utimesSync(join(folder, 'a/1.png'), time, time);
  const changed = await open(folder);
  prints.add(changed.fingerprint);
  assert.deepEqual(contents(changed)[0].colour, blue);

  rmSync(join(folder, 'a/2.png'));
  prints.add((await open(folder)).fingerprint);
  prints.add((await open(folder, { size: [4, 8] })).fingerprint);
  prints.add((await open(folder, { channels: 1 })).fingerprint);
  prints.add((await open(folder, { data: { background: '#000000' } })).fingerprint);
  prints.add((await open(folder, { data: { resize: 'fit' } })).fingerprint);
  assert.equal(prints.size, 7);
  assert.equal(
    (await open(folder, { data: { flip: true } })).fingerprint,
    (await open(folder)).fingerprint,
    'mirroring is not cached',
  );
});

test('a damaged cache is rebuilt, and said so', async () => {
  const folder = await folderOf({ 'a/1.png': [1, 2, 3], 'b/2.png': [4, 5, 6] });
  const first = await open(folder);
  const store = join(work, 'cache', 'rin', 'data', first.fingerprint);
  const flip = (path: string, at: number) => {
    const bytes = readFileSync(path);
    bytes[at] ^= 1;
    writeFileSync(path, bytes);
  };
  const damages = [
    () => flip(join(store, 'pixels.bin'), 50),
    () => truncateSync(join(store, 'pixels.bin'), 95),
    () => flip(join(store, 'labels.bin'), 4),
    () => flip(join(store, 'index.json'), 20),
    () => truncateSync(join(store, 'index.json'), 20),
    () => rmSync(join(store, 'labels.bin')),
    () => rmSync(join(store, 'index.json')),
  ];
  for (const damage of damages) {
    damage();
    const notices: string[] = [];
    const again = await open(folder, { onNotice: (sentence) => notices.push(sentence) });
    assert.equal(notices.length, 1, String(damage));
    assert.match(notices[0], /is damaged .*decoded again/);
    assert.deepEqual(contents(again), contents(first));
    assert.deepEqual(
      readdirSync(join(store, '..')).filter((name) => name.endsWith('.part')),
      [],
    );
  }
});

test('an interrupted opening leaves nothing behind', async () => {
  const folder = await folderOf(
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}.png`, [i, 7, 7] as Colour])),
  );
  const stop = new AbortController();
  const onProgress = ({ stage }: { stage: string }) => stage === 'decoding' && stop.abort();
  await assert.rejects(open(folder, { onProgress, signal: stop.signal }), { name: 'AbortError' });
  assert.deepEqual(
    readdirSync(join(work, 'cache', 'rin', 'data')).filter((name) => name.endsWith('.part')),
    [],
  );
  assert.equal((await open(folder)).length, 50);
});

test('the same data may be opened several times at once', async () => {
  const folder = await folderOf({ 'a/1.png': [9, 9, 1], 'b/2.png': [9, 9, 2] });
  const all = await Promise.all([open(folder), open(folder), open(folder)]);
  for (const data of all) assert.deepEqual(contents(data), contents(all[0]));
});

test('a cache that cannot be written is told with the mend', async () => {
  const folder = await folderOf({ 'a.png': [3, 1, 4] });
  const { XDG_CACHE_HOME } = process.env;
  process.env.XDG_CACHE_HOME = join(folder, 'a.png');
  try {
    assert.match(
      await problem(open(folder)),
      /cannot write the cache .*a part of the path is a file; set RIN_DATA_CACHE to/,
    );
  } finally {
    process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  }
});

test('sizes and channels that pictures cannot have are told', async () => {
  const folder = await folderOf({ 'a.png': red });
  assert.match(await problem(open(folder, { channels: 4 })), /1 channel \(grey\) or 3 \(colour\), but the model has 4/);
  assert.match(await problem(open(folder, { size: [16] })), /^sounds have 1 channel, but the model has 3; change/);
  assert.match(await problem(open(folder, { size: [16], channels: 1 })), /: no sounds here \(wav\) among its 1 files$/);
  assert.match(
    await problem(open(folder, { size: [8, 16, 16] })),
    /: none of its recordings gives a clip; the first of 1 is \. \(1 frame; a sample needs 8\)$/,
  );
});
