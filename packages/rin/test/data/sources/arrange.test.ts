import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrange } from '../../../src/data/sources/arrange.js';
import { surveyData } from '../../../src/data/survey.js';
import sharp from '../../../src/media/sharp.js';
import { type Colour, contents, folderOf, open, problem, tar } from '../fixtures.js';

const red: Colour = [255, 0, 0];
const green: Colour = [0, 255, 0];
const blue: Colour = [0, 0, 255];

type FilesOf = Parameters<typeof folderOf>[0];

/** What rin says of a folder and of the same as a tar, without the place; fails if they differ in anything. */
async function taken(files: FilesOf) {
  const folder = await folderOf(files);
  const [first, second] = await Promise.all(
    [folder, tar(folder, '.')].map(async (source) => {
      const notices: string[] = [];
      const data = await open(source, { onNotice: (sentence) => notices.push(sentence) });
      const said = notices.join('\n').replaceAll(source, 'HERE');
      assert.equal((await surveyData(source)).notice?.replaceAll(source, 'HERE') ?? '', said, 'info says the same');
      return { pictures: contents(data), classes: data.classes, skipped: data.skipped, said };
    }),
  );
  const { said, ...found } = first;
  const { said: saidOfTar, ...foundInTar } = second;
  assert.deepEqual(found, foundInTar);
  return { ...found, said, saidOfTar };
}

/** The class of each colour. */
const classes = ({ pictures }: { pictures: ReturnType<typeof contents> }) =>
  Object.fromEntries(pictures.map(({ colour, class: name }) => [['red', 'green', 'blue'][colour.indexOf(255)], name]));

test('files that are no pictures are counted by suffix, the most frequent first', async () => {
  const { said, saidOfTar, pictures } = await taken({
    'a/1.png': red,
    'a/2.bmp': 'x',
    'a/3.BMP': 'x',
    'b/4.heic': 'x',
    'a/notes.txt': 'x',
    LICENSE: 'x',
    'a/odd.\u001b[31m': 'x',
    'a/Thumbs.db': 'x',
    '.DS_Store': 'x',
  });
  const sentence =
    'HERE: 6 files ignored: 2 .bmp, 1 .heic, 1 .txt, 1 others, 1 without a suffix; rin reads jpg, png, webp, gif, avif, tiff';
  assert.deepEqual([said, saidOfTar], [sentence, sentence]);
  assert.equal(pictures.length, 1);
  assert.equal((await taken({ 'a.png': red })).said, '');
  assert.equal((await taken({ 'a.png': red, 'b.md': 'x' })).said, 'HERE: 1 file ignored: 1 .md');
});

test('other suffixes of JPEG and PNG are taken', async () => {
  const jpeg = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#808080' } })
    .jpeg()
    .toBuffer();
  const names = ['1.jfif', '2.jpe', '3.JPG', '4.pjpeg', '5.pjp'];
  const found = await taken({ ...Object.fromEntries(names.map((name) => [name, jpeg])), '6.apng': red });
  assert.deepEqual([found.pictures.length, found.said, found.skipped], [6, '', []]);
});

test('a folder around the class folders is no class, however many there are', async () => {
  for (const around of ['all/', 'my data/pictures/']) {
    const found = await taken({
      [`${around}cat/1.png`]: red,
      [`${around}cat/deep/2.png`]: green,
      [`${around}dog/1.png`]: blue,
      'README.md': 'x',
    });
    assert.deepEqual(classes(found), { red: 'cat', green: 'cat', blue: 'dog' });
    assert.match(found.said, /^HERE: 1 file ignored: 1 \.md$/);
  }
  assert.deepEqual((await taken({ 'cat/1.png': red, 'cat/2.png': blue })).classes, ['cat']);
});

test('of train, val and test the first is taken, and the others are told with the way to them', async () => {
  for (const [train, ...others] of [
    ['train', 'val', 'test'],
    ['Training', 'testing', 'validation'],
    ['train2017', 'val2017', 'eval'],
  ]) {
    const found = await taken({
      [`${train}/cat/1.png`]: red,
      [`${train}/dog/1.png`]: green,
      [`${others[0]}/cat/2.png`]: blue,
      [`${others[0]}/cat/2.txt`]: 'not passed over: it belongs to what is not taken',
      [`${others[1]}/cat/3.png`]: blue,
      [`${others[1]}/cat/4.png`]: blue,
    });
    assert.deepEqual(classes(found), { red: 'cat', green: 'dog' });
    const parts = others.map((name) => `${name} \\((1 picture|2 pictures)\\)`).sort();
    for (const part of parts) assert.match(found.said, new RegExp(part));
    assert.match(
      found.said,
      new RegExp(`^HERE: rin uses ${train}, not .*; to use another folder, name it, such as HERE/\\w+$`),
    );
    assert.match(found.saidOfTar, /; to use another folder, unpack the archive and name the folder$/);
  }
});

test('a single folder for a purpose is no class, and a class may be called test among others', async () => {
  assert.deepEqual((await taken({ 'train/1.png': red })).classes, []);
  assert.deepEqual((await taken({ 'x/val/cat/1.png': red })).classes, ['cat']);
  assert.deepEqual((await taken({ 'test/1.png': red, 'cat/1.png': blue })).classes, ['cat', 'test']);
  assert.match((await taken({ 'train/1.png': red, '2.png': blue })).said, /rin uses train, not 1 picture next to it$/);
});

test('folders for other purposes alone are refused with the way to take one', async () => {
  const folder = await folderOf({ 'val/1.png': red, 'test/2.png': red });
  assert.match(await problem(open(folder)), /: none of these folders is for training; use one of them as the data$/);
  assert.match(await problem(open(tar(folder, '.'))), /; unpack the archive and use one of them as the data$/);
});

test('a metadata.jsonl in a folder tells the classes of what lies below it', async () => {
  const first = '{"file_name": "1.png", "label": "cat"}\n{"file_name": "deep/2.png", "label": "dog"}\n';
  const split = await taken({
    'train/metadata.jsonl': first,
    'train/1.png': red,
    'train/deep/2.png': green,
    'test/3.png': blue,
  });
  assert.deepEqual(classes(split), { red: 'cat', green: 'dog' });
  const apart = await taken({
    'a/metadata.jsonl': first,
    'a/1.png': red,
    'a/deep/2.png': green,
    'b/metadata.jsonl':
      '{"file_name": "3.png", "label": "cat"}\n{"file_name": "gone.png", "label": "cat"}\n{"file_name": "x.bmp", "label": "cat"}',
    'b/3.png': blue,
  });
  assert.deepEqual(classes(apart), { red: 'cat', green: 'dog', blue: 'cat' });
  assert.deepEqual(apart.skipped, [
    { name: 'b/gone.png', reason: 'listed in metadata.jsonl, but not there' },
    { name: 'b/x.bmp', reason: 'listed in metadata.jsonl, but not called like a picture that is read' },
  ]);
  const foreign = await taken({ 'a/1.png': red, 'b/2.png': blue, 'b/metadata.jsonl': '{"id": 1}\n' });
  assert.deepEqual([foreign.classes, foreign.said], [['a', 'b'], 'HERE: 1 file ignored: 1 .jsonl']);
  const left = await folderOf({ 'a/metadata.jsonl': first, 'a/1.png': red, 'a/deep/2.png': green, 'b/3.png': blue });
  assert.match(await problem(open(left)), /metadata\.jsonl does not list 1 of 3 pictures, such as b\/3\.png;/);
});

test('the list of the whole holds for pictures in train and val too', async () => {
  const labels = JSON.stringify({
    labels: [
      ['train/1.png', 0],
      ['val/2.png', 1],
    ],
  });
  const found = await taken({ 'train/1.png': red, 'val/2.png': blue, 'dataset.json': labels });
  assert.deepEqual(classes(found), { red: '0', blue: '1' });
});

test('lists may begin with a byte order mark, and their paths with ./', async () => {
  const mark = '\uFEFF';
  const pictures = { 'x/1.png': red, 'x/2.png': green };
  const json = JSON.stringify({
    labels: [
      ['./x/1.png', 1],
      ['x//2.png', 0],
    ],
  });
  assert.deepEqual(classes(await taken({ ...pictures, 'dataset.json': mark + json })), { red: '1', green: '0' });
  const lines = '{"file_name": "./x/1.png", "label": "b"}\r\n{"file_name": "./x/2.png", "label": "a"}\r\n';
  const listed = await taken({ ...pictures, 'metadata.jsonl': mark + lines });
  assert.deepEqual([classes(listed), listed.skipped], [{ red: 'b', green: 'a' }, []]);
  const beside = await taken({ ...pictures, 'x/1.json': `${mark}{"label": "b"}`, 'x/2.cls': `${mark}a` });
  assert.deepEqual(classes(beside), { red: 'b', green: 'a' });
});

test('names in lists are found however their letters are composed', async () => {
  const [composed, apart] = ['é', 'é'.normalize('NFD')];
  const line = (name: string, label: string) => `${JSON.stringify({ file_name: name, label })}\n`;
  for (const [here, there] of [
    [composed, apart],
    [apart, composed],
  ]) {
    const files = { [`caf${here}.png`]: red, 'b.png': green };
    const list = line(`caf${there}.png`, 'x') + line('b.png', 'y');
    assert.deepEqual(classes(await taken({ ...files, 'metadata.jsonl': list })), { red: 'x', green: 'y' });
    assert.deepEqual(classes(await taken({ ...files, [`caf${there}.cls`]: 'x', 'b.cls': 'y' })), {
      red: 'x',
      green: 'y',
    });
  }
  const both = { [`${composed}.png`]: red, [`${apart}.png`]: green };
  const found = await taken({ ...both, 'metadata.jsonl': line(`${composed}.png`, 'x') + line(`${apart}.png`, 'y') });
  assert.deepEqual(classes(found), { red: 'x', green: 'y' });
});

test('a class beside a picture is found up to the first dot of the name, else up to the last', async () => {
  const dotted = await taken({
    'shot 1.0.png': red,
    'shot 1.0.cls': 'owl',
    'shot 1.5.png': green,
    'shot 1.5.json': '{"label": "ape"}',
    '2.seg.png': blue,
    '2.cls': 'bee',
  });
  assert.deepEqual([classes(dotted), dotted.said], [{ red: 'owl', green: 'ape', blue: 'bee' }, '']);
  const listed = await taken({
    '1.png': red,
    '1.cls': 'owl',
    'metadata.jsonl': '{"file_name": "1.png", "label": "ape"}',
  });
  assert.deepEqual([listed.classes, listed.said], [['ape'], 'HERE: 1 file ignored: 1 .cls']);
});

test('files that give classes are read once, however often the classes are asked for', async () => {
  for (const [names, content] of [
    [['1.png', '1.cls', '2.png', '2.cls'], () => 'owl'],
    [['1.png', 'metadata.jsonl'], () => '{"file_name": "1.png", "label": "owl"}'],
  ] as const) {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return Buffer.from(content());
    };
    const arranged = await arrange({ where: 'here', kind: 'folder', names, special: 0, read }, {});
    for (let time = 0; time < 2; time++) assert.deepEqual((await arranged.label()).classes, ['owl']);
    assert.deepEqual(
      asked,
      names.filter((name) => !name.endsWith('.png')),
    );
  }
});
