import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Colour, contents, folderOf, open, problem, solid, tar, work } from '../fixtures.js';

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];

const pictures = { 'cat/1.png': red, 'cat/10.png': green, 'dog/2.png': blue };
const expected = [
  { colour: red, class: 'cat' },
  { colour: green, class: 'cat' },
  { colour: blue, class: 'dog' },
];

for (const format of ['ustar', 'gnu', 'oldgnu', 'pax', 'v7']) {
  test(`a tar of the format ${format} holds what its folder holds`, async () => {
    const folder = await folderOf(pictures);
    const data = await open(tar(folder, `--format=${format}`, 'dog', 'cat'));
    assert.deepEqual(contents(data), expected);
    assert.equal(data.fingerprint, (await open(folder)).fingerprint);
  });
}

test('./ before the names and a folder around everything do not count as classes', async () => {
  const folder = await folderOf(pictures);
  assert.deepEqual(contents(await open(tar(folder, '.'))), expected);
  assert.deepEqual(contents(await open(tar(join(folder, '..'), basename(folder)))), expected);
  const one = await folderOf({ 'cat/1.png': red, 'cat/2.png': blue });
  assert.deepEqual((await open(tar(one, 'cat'))).classes, ['cat']);
  const flat = await open(tar(one, '-C', 'cat', '1.png', '2.png'));
  assert.deepEqual([flat.classes, flat.length], [[], 2]);
});

test('names longer than a header and of other scripts are whole', async () => {
  const long = `${'long-class-name-'.repeat(12)}1`;
  const other = `${'deep/'.repeat(60)}x.png`;
  const folder = await folderOf({ [`${long}/1.png`]: red, [`日本語/${other}`]: green, 'café/1.png': blue });
  for (const format of ['gnu', 'pax']) {
    const data = await open(tar(folder, `--format=${format}`, '.'));
    assert.deepEqual(contents(data), [
      { colour: blue, class: 'café' },
      { colour: red, class: long },
      { colour: green, class: '日本語' },
    ]);
  }
});

test('links inside the archive lead to their pictures', async () => {
  const folder = await folderOf({ 'a/1.png': red });
  linkSync(join(folder, 'a/1.png'), join(folder, 'a/2.png'));
  symlinkSync('../a/1.png', join(folder, 'a/3.png'));
  symlinkSync('/nowhere.png', join(folder, 'a/4.png'));
  const data = await open(tar(folder, 'a'));
  assert.deepEqual(contents(data), new Array(3).fill({ colour: red, class: 'a' }));
});

test('hidden files are passed over, and a file packed again counts as packed last', async () => {
  const folder = await folderOf({ 'a/1.png': red, 'a/._1.png': 'x', '__MACOSX/a/1.png': 'x', '.DS_Store': 'x' });
  const path = tar(folder, '.');
  writeFileSync(join(folder, 'a/1.png'), await solid(blue));
  execFileSync('tar', ['-rf', path, './a/1.png'], { cwd: folder });
  const data = await open(path);
  assert.deepEqual([contents(data), data.skipped], [[{ colour: blue, class: 'a' }], []]);
});

test('a WebDataset tells classes beside the pictures, by number or name, in .cls or .json', async () => {
  const files = { 's/000.png': red, 's/001.png': green, 's/002.seg.png': blue };
  const beside: [Record<string, string>, string[]][] = [
    [{ 's/000.cls': '2', 's/001.cls': '0\n', 's/002.cls': '1' }, ['0', '1', '2']],
    [{ 's/000.cls': 'owl', 's/001.cls': 'ape', 's/002.cls': 'bee' }, ['ape', 'bee', 'owl']],
    [{ 's/000.json': '{"label": 2}', 's/001.json': '{"label": 0}', 's/002.json': '{"label": 1}' }, ['0', '1', '2']],
    [
      { 's/000.json': '{"cls": "owl"}', 's/001.json': '{"class": "ape"}', 's/002.json': '{"label": "bee"}' },
      ['ape', 'bee', 'owl'],
    ],
  ];
  for (const [texts, classes] of beside) {
    const data = await open(tar(await folderOf({ ...files, ...texts }), '.'));
    assert.deepEqual(data.classes, classes);
    assert.deepEqual(
      [0, 1, 2].map((index) => data.label(index)),
      [2, 0, 1],
    );
  }
  const captions = { 's/000.json': '{"text": "a"}', 's/001.json': '{"text": "b"}' };
  assert.deepEqual((await open(tar(await folderOf({ ...files, ...captions }), 's'))).classes, ['s']);
  assert.match(
    await problem(open(tar(await folderOf({ ...files, 's/001.json': '{' }), '.'))),
    /\.tar: .*001\.json: not JSON/,
  );
});

test('lists inside the archive tell the classes', async () => {
  const list = { 'metadata.jsonl': '{"file_name": "1.png", "class": "x"}\n{"file_name": "2.png", "class": "y"}\n' };
  const data = await open(tar(await folderOf({ '1.png': red, '2.png': green, ...list }), '.'));
  assert.deepEqual(data.classes, ['x', 'y']);
});

test('what is no tar is told with the mend', async () => {
  const path = join(work, 'x.tar');
  const ask = async (bytes: Uint8Array | string) => {
    writeFileSync(path, bytes);
    return problem(open(path));
  };
  const real = readFileSync(tar(await folderOf({ 'a/1.png': red }), 'a'));
  assert.match(await ask(gzipSync(real)), /x\.tar: compressed by gzip.* unpack it \(gzip -d\)/);
  assert.match(await ask(''), /x\.tar: not a tar archive/);
  assert.match(await ask('no'), /x\.tar: not a tar archive/);
  assert.match(await ask(Buffer.alloc(5000, 'x')), /x\.tar: not a tar archive/);
  assert.match(await ask(Buffer.alloc(10240)), /x\.tar: no pictures .* among its 0 files/);
  assert.match(
    await ask(readFileSync(tar(await folderOf({ 'a.txt': 'x' }), 'a.txt'))),
    /no pictures .* among its 1 files/,
  );
});

test('a tar cut short anywhere before its end mark is an error, never fewer pictures', async () => {
  for (const format of ['gnu', 'pax']) {
    const folder = await folderOf({ ...pictures, [`${'long'.repeat(40)}/x.png`]: red });
    const whole = readFileSync(tar(folder, `--format=${format}`, '.'));
    let used = whole.length; // behind it only the end mark and padding
    while (whole[used - 1] === 0) used--;
    const end = Math.ceil(used / 512) * 512;
    const path = join(work, `cut-${format}.tar`);
    for (let length = 0; length < end + 512; length += 128) {
      writeFileSync(path, whole.subarray(0, length));
      assert.match(await problem(open(path)), /cut short|not a tar archive/, `${length} of ${whole.length} bytes`);
    }
    writeFileSync(path, whole.subarray(0, end + 512));
    assert.equal((await open(path)).length, 4);
  }
});
