import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset } from '../../../src/data/open.js';
import sharp from '../../../src/media/sharp.js';
import { type Colour, folderOf, idx } from '../../data/fixtures.js';
import { flat, folder } from '../../data/madePictures.js';
import { rin } from '../rin.js';

const red: Colour = [255, 0, 0];

test('info tells counts, sizes, what is unusable, and what is in the cache', async () => {
  const wide = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#00f' } })
    .jpeg()
    .toBuffer();
  const cwd = await folderOf({
    'p/cat/1.png': red,
    'p/cat/2.png': red,
    'p/dog/3.jpg': wide,
    'p/dog/4.png': 'no picture',
    'p/5.png': red,
    'p/6.bmp': 'x',
  });
  const info = async () => {
    const { code, stdout, stderr } = await rin(['data', 'info', 'p', '--quick'], { cwd });
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };
  const before = `p: 5 pictures, 2 classes; 1 unusable
p: 1 file ignored: 1 .bmp; rin reads jpg, png, webp, gif, avif, tiff
formats  png 3, jpeg 1; colour
sizes    2 different, most often 4×4 3, 20×10 1
         width 4 to 20, median 4; height 4 to 10, median 4
cached   nothing yet
unusable 4.png
  2  cat
  2  dog
  1  (no class)
preset   sprites-32, for drawn pictures of 4 pixels
size     4×4, the size of the pictures; patches of 1 make 16 tokens, because the pictures are small
images   20,000, each picture about 4,000 times
expect   with fewer than 300 pictures, most samples will be close to training pictures; more pictures give more variety
command  rin train --data p
`.replace('4.png', 'dog/4.png: REASON');
  assert.equal((await info()).replace(/(4\.png: ).*/, '$1REASON'), before);
  const data = await openDataset(join(cwd, 'p'), {
    size: [6, 8],
    channels: 1,
    data: { resize: 'fit', flip: false, background: '#ffffff' },
  });
  const line = new RegExp(`\\ncached   8×6 grey, fit, on #ffffff: 192 B in .*/${data.fingerprint}\\n`);
  assert.match(await info(), line);
});

test('info proposes a training that fits, with the time that it takes here', async () => {
  const cwd = await folderOf(await folder(2, (seed) => flat(8, 8, seed, 1)));
  const { code, stdout, stderr } = await rin(['data', 'info', '.'], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  const lines = stdout.split('\n');
  const from = lines.findIndex((line) => line.startsWith('preset '));
  assert.deepEqual(lines.slice(from, from + 3), [
    'preset   mnist, for grey drawings of 8 pixels',
    'size     8×8, the size of the pictures; patches of 2 make 16 tokens, because the pictures are small',
    'images   20,000, each picture about 10,000 times',
  ]);
  assert.match(lines[from + 3], /^time {5}about \d+ (s|min|h \d+ min) on this machine as busy as it is now/);
  assert.match(lines[from + 4], /^expect {3}with fewer than 300 pictures, /);
  assert.equal(lines[from + 5], 'command  rin train --data .');
});

test('info counts the pictures that would be enlarged', async () => {
  const large = await folder(3, (seed) => flat(64, 64, seed));
  const cwd = await folderOf({ ...large, 'a/small.png': await flat(16), 'a/smaller.png': await flat(8) });
  const { stdout } = await rin(['data', 'info', '.', '--quick'], { cwd });
  assert.match(stdout, /\n {9}2 of 5 pictures are smaller than 64×64, most often 16×16: training enlarges them\n/);
  assert.doesNotMatch(stdout, /\ntime /);
});

test('the sheet has a row for each class', async () => {
  const labels = Array.from({ length: 30 }, (_, i) => (i < 28 ? 0 : 1));
  const cwd = await folderOf({
    'train-images-idx3-ubyte': idx(
      [30, 8, 8],
      Array.from({ length: 30 * 64 }, (_, i) => (i < 28 * 64 ? 50 : 200)),
    ),
    'train-labels-idx1-ubyte': idx([30], labels),
    't10k-images-idx3-ubyte': idx([1, 8, 8], new Array(64).fill(0)),
  });
  const { code, stdout } = await rin(['data', 'info', '.', '--sheet', 'new/sheet.png', '--quick'], { cwd });
  assert.equal(code, 0);
  assert.match(stdout, /\n.*: rin uses train-images-idx3-ubyte;.*\n/);
  assert.match(stdout, /\nsizes {4}all 8×8\n/);
  const { data, info } = await sharp(join(cwd, 'new/sheet.png'))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  // Two rows of eight cells of 64 pixels, 16 apart, after the labels; in the second row two are there.
  const [left, pitch] = [info.width - 8 * 80, 80];
  const at = (row: number, column: number) => data[(16 + row * pitch + 32) * info.width + left + column * pitch + 32];
  assert.equal(info.height, 2 * pitch + 16);
  assert.deepEqual(
    [0, 1, 2, 7].map((column) => at(0, column)),
    [50, 50, 50, 50],
  );
  assert.deepEqual(
    [0, 1, 2, 7].map((column) => at(1, column)),
    [200, 200, 255, 255],
  );
});

test('convert says what it wrote and how to train on it', async () => {
  const cwd = await folderOf({ 'p/cat/1.png': red, 'p/cat/2.png': red, 'p/dog/4.png': 'no picture' });
  const run = (...args: string[]) => rin(['data', 'convert', 'p', ...args], { cwd });
  const { code, stdout } = await run('q.tar', '--size', '2', '--resize', 'center-crop-dhariwal');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^q\.tar: a tar cannot keep .* \(dog\); .*\nskipped dog\/4\.png: .*\nq\.tar: 2 pictures, 2×2, colour; rin train --data q\.tar --size 2\n$/,
  );
  assert.match((await run('r', '--channels=1')).stdout, /r: 2 pictures, 4×4, grey; .* --size 4 --model\.channels 1\n$/);
  assert.match((await run("it's new")).stdout, / rin train --data 'it'\\''s new' --size 4\n$/, 'as a shell reads it');
  assert.match((await run('emoji')).stdout, / rin train --data \.\/emoji --size 4\n$/, 'emoji is the built-in set');
  assert.deepEqual(readdirSync(cwd).sort(), ['emoji', "it's new", 'p', 'q.tar', 'r']);
});

test('what was called wrongly is told', async () => {
  const cwd = await folderOf({ 'p/1.png': red });
  const ask = async (...args: string[]) => {
    const { code, stderr } = await rin(['data', ...args], { cwd });
    assert.equal(code, 2, stderr);
    return stderr.split('\n')[0];
  };
  const expected = 'expected rin data info SOURCE, or rin data convert SOURCE TARGET';
  for (const args of [[], ['info'], ['info', 'p', 'q'], ['convert', 'p'], ['show', 'p']])
    assert.equal(await ask(...args), expected);
  assert.equal(
    await ask('info', 'p', '--size', '3'),
    '--size is an option of rin data convert; rin data info takes --sheet, --clips and --quick',
  );
  assert.equal(await ask('convert', 'p', 'q', '--sheet', 'x.png'), '--sheet is an option of rin data info');
  assert.equal(await ask('convert', 'p', 'q', '--quick'), '--quick is an option of rin data info');
  for (const target of ['q.zip', 'q.tar.gz', 'q.TGZ'])
    assert.match(
      await ask('convert', 'p', target),
      /: expected a name that ends with \.tar, or the name of a folder; /,
    );
  assert.equal(
    await ask('info', 'p', '--sheet', 'x.jpg'),
    '--sheet x.jpg: expected the name of a PNG file, such as sheet.png',
  );
  assert.equal(
    await ask('convert', 'p', 'q', '--size', '[4]'),
    '--size is [4]; expected a number, height,width or frames,height,width',
  );
  assert.equal(
    await ask('convert', 'p', 'q', '--frame-rate', '5'),
    '--frame-rate is for clips; give --size three axes, such as 16,32,32',
  );
  assert.equal(await ask('convert', 'p', 'q', '--channels', '2'), '--channels is 2; expected 1 (grey) or 3 (colour)');
  assert.match(await ask('convert', 'p', 'q', '--resize', 'fill'), /^--resize is "fill"; expected center-crop, /);
});
