import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setThreads } from '@rin/torch';
import { writeNearest } from '../../../src/cli/commands/nearest.js';
import { Screen } from '../../../src/cli/terminal/screen.js';
import { datasetFromSamples } from '../../../src/data/samples.js';
import { sample } from '../../../src/diffusion/sample.js';
import { beside } from '../../../src/disk/wholeFiles.js';
import type { Clip } from '../../../src/media/clip.js';
import { clipGrid } from '../../../src/media/clipGrid.js';
import { grid } from '../../../src/media/grid.js';
import type { Image } from '../../../src/media/image.js';
import { presentationOf } from '../../../src/media/presentation.js';
import sharp from '../../../src/media/sharp.js';
import { strip } from '../../../src/media/strip.js';
import { loadModel } from '../../../src/runs/loadModel.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';
import { orphan } from '../../disk/dying.js';
import { clipFromAnimation, clipFromMp4, hasFfmpeg, largestGap, meanGap } from '../../media/decodedClip.js';
import { freshFolder, tiny } from '../../training/tiny.js';
import { rin } from '../rin.js';

const [frames, side] = [4, 8];
const classes = ['blue', 'red'];
/** Colour clips of a bar that moves, in two classes. */
const clips = Array.from({ length: 8 }, (_, i) => ({
  pixels: Uint8Array.from({ length: 3 * frames * side * side }, (_, at) => {
    const [x, f, c] = [at % side, Math.floor(at / side ** 2) % frames, Math.floor(at / side ** 2 / frames)];
    return (x + f + i) % 4 < 2 && c === (i % 2 === 0 ? 2 : 0) ? 255 : 30;
  }),
  label: classes[i % 2],
}));
const config = tiny({
  model: { size: [frames, side, side], patch: [2, 4, 4], channels: 3 },
  training: { images: 48, sampleEvery: 0 },
  sampling: { steps: 3 },
});
const cwd = freshFolder();
const seeds = [0, 1, 2, 3];
let sampled: Clip[];

before(async () => {
  await train({ config, data: clips, run: join(cwd, 'runs/00000-clips') });
  setThreads(1);
  sampled = await sample(await loadModel(join(cwd, 'runs/00000-clips')), { seeds });
});

const call = (...args: string[]) => rin(['sample', '--threads', '1', ...args], { cwd });
const drawn = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await call('--seeds', '0-3', ...args);
  assert.deepEqual([code, stderr], [0, ''], stderr);
  return stdout;
};
const path = (name: string) => join(cwd, name);
const singles = (format: string) => seeds.map((seed) => `00000${seed}.${format}`);
const gridOptions = { columns: 4, scale: 8 }; // two classes in one row: no labels
async function pixels(file: string): Promise<Image> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const planar = Uint8Array.from(data, (_, i) => data[3 * (i % (data.length / 3)) + Math.floor((3 * i) / data.length)]);
  return { data: planar, shape: [3, info.height, info.width] };
}

test('clips are written as lossless WebP by seed, with a grid in which all play, equal to the samples of a program', async () => {
  const said = await drawn('--out', 'a');
  assert.match(said, /\n4 clips in [\d.]+ s: a, a-grid\.webp\n$/);
  assert.deepEqual(readdirSync(path('a')), singles('webp'));
  for (const [i, name] of singles('webp').entries()) {
    const { data, shape } = sampled[i];
    assert.deepEqual(await clipFromAnimation(path(`a/${name}`), 3), { data, shape });
  }
  assert.deepEqual(await clipFromAnimation(path('a-grid.webp'), 3), clipGrid(sampled, gridOptions));
  assert.deepEqual((await sharp(path('a-grid.webp'), { animated: true }).metadata()).delay, [100, 100, 100, 100]);
});

test('rows of a grid of clips have the names of their classes', async () => {
  assert.match(await drawn('--grid', 'labelled.webp', '--columns', '2'), /: labelled\.webp\n$/);
  const byClass = [0, 2, 1, 3].map((i) => sampled[i]);
  const expected = clipGrid(byClass, { columns: 2, scale: 8, labels: classes });
  assert.deepEqual(await clipFromAnimation(path('labelled.webp'), 3), expected);
});

test('without a named output, clips are in samples.webp, in the frame rate that is asked for', async () => {
  assert.match(await drawn('--frame-rate', '12.5'), /: samples\.webp\n$/);
  assert.deepEqual((await sharp(path('samples.webp'), { animated: true }).metadata()).delay, [80, 80, 80, 80]);
  assert.match(await drawn('--format', 'gif'), /: samples\.gif\n$/);
});

test('clips are written as GIF, within the error of a palette', async () => {
  await drawn('--out', 'g', '--format', 'gif');
  assert.deepEqual(readdirSync(path('g')), singles('gif'));
  for (const [i, name] of singles('gif').entries()) {
    // A frame has 64 pixels, so fewer than 256 colours: all are kept.
    assert.deepEqual(await clipFromAnimation(path(`g/${name}`), 3), { data: sampled[i].data, shape: sampled[i].shape });
  }
});

test('clips are written as mp4, within a few levels', { skip: !hasFfmpeg && 'no ffmpeg' }, async () => {
  await drawn('--out', 'm', '--format', 'mp4');
  assert.deepEqual(readdirSync(path('m')), singles('mp4'));
  for (const [i, name] of singles('mp4').entries()) {
    const read = clipFromMp4(path(`m/${name}`), [16, 16], sampled[i].shape);
    // CRF 12 of noise with doubled pixels; measured: 2.4 on average, 13 at most
    assert.ok(meanGap(read, sampled[i]) < 4 && largestGap(read, sampled[i]) <= 32, `${meanGap(read, sampled[i])}`);
  }
});

test('clips are written as strips, and a grid of strips has a row for each clip', async () => {
  await drawn('--out', 's', '--format', 'png');
  assert.deepEqual(readdirSync(path('s')), singles('png'));
  for (const [i, name] of singles('png').entries())
    assert.deepEqual(await pixels(path(`s/${name}`)), strip(sampled[i]));
  const rows = [0, 2, 1, 3].map((i) => strip(sampled[i], 8));
  const labels = ['blue', 'blue', 'red', 'red'];
  const { data, shape } = grid(rows, { columns: 1, labels });
  assert.deepEqual(await pixels(path('s-grid.png')), { data, shape });
});

test('the denoising of clips is an animation of their strips, and ends with the samples', async () => {
  assert.match(await drawn('--animate', 'd.webp'), /: d\.webp\n$/);
  const file = sharp(path('d.webp'), { animated: true });
  const { pages, pageHeight, width, delay } = await file.metadata();
  const rows = [0, 2, 1, 3].map((i) => strip(sampled[i], 8));
  const last = grid(rows, { columns: 1, labels: ['blue', 'blue', 'red', 'red'] });
  assert.deepEqual([pages, pageHeight, width, delay], [3, last.height, last.width, [60, 60, 2000]]);
  const gap = async (page: number) => {
    const shown = await sharp(path('d.webp'), { page }).removeAlpha().raw().toBuffer();
    const plane = last.data.length / 3;
    const gaps = last.data.map((value, i) => Math.abs(value - shown[3 * (i % plane) + Math.floor(i / plane)]));
    return gaps.reduce((sum, each) => sum + each, 0) / gaps.length;
  };
  const gaps = await Promise.all([0, 1, 2].map(gap));
  // Quality 90 changes the colours of noise; the estimates of the steps before are other pictures.
  assert.ok(gaps[2] < 20 && gaps[2] < gaps[1] / 2 && gaps[2] < gaps[0] / 2, `${gaps}`);
});

test('what does not fit clips, or pictures, is refused in a sentence before anything is drawn', async () => {
  const tooMany = ['--seeds', '0-16', '--animate', 'd.webp'];
  for (const [args, code, message] of [
    [['--grid', 'a.jpg'], 2, '--grid a.jpg: expected the name of a WebP, GIF, mp4 or PNG file, such as grid.webp'],
    [['--animate', 'a.gif'], 2, '--animate a.gif: expected the name of a WebP file, such as denoising.webp'],
    [tooMany, 2, '--animate with 17 clips: expected at most 16; draw fewer --seeds'],
    [
      ['--nearest', 'n.webp', '--seeds', '0-128'],
      2,
      '--nearest with 129 clips: expected at most 128; draw fewer --seeds',
    ],
    [['--format', 'avi'], 2, '--format avi: the files of clips can only be webp, gif, mp4, png'],
    [
      ['--format', 'gif', '--grid', 'a.webp'],
      2,
      '--format gif is for the files in --out; name a folder: --out samples',
    ],
    [
      ['--grid', 'a.webp', '--columns', '1', '--seeds', '0-299'],
      1,
      'a picture of 148×24016 pixels: expected at most 16383×16383 in a WebP',
    ],
    [['--frame-rate', '0'], 2, '--frame-rate 0: expected 0.1 to 60 frames per second, such as 12.5'],
    [['--frame-rate', '60', '--grid', 'a.gif'], 1, 'frame rate 60: expected 0.1 to 50 frames per second for a GIF'],
  ] as const) {
    const ended = await call(...args);
    const usage = code === 2 ? 'See rin sample --help\n' : '';
    assert.deepEqual([ended.code, ended.stderr], [code, `${message}\n${usage}`]);
  }
  const pictures = ['sample', '--seeds', '0', '--frame-rate', '9'];
  const { code, stderr } = await rin(pictures, { cwd: freshFolder() }); // the demo's model
  assert.deepEqual([code, stderr], [1, '--frame-rate 9: this model makes pictures, which have no frame rate\n']);
  assert.ok(!existsSync(path('a.webp')));
});

test('an mp4 without ffmpeg is refused before anything is drawn, with the command that installs it', async () => {
  const before = process.env.PATH;
  process.env.PATH = freshFolder();
  try {
    const { code, stdout, stderr } = await call('--grid', 'no.mp4');
    const said = 'an mp4 file needs ffmpeg, which is not installed; install it: sudo apt-get install ffmpeg\n';
    assert.deepEqual([code, stdout, stderr], [1, '', said]);
  } finally {
    process.env.PATH = before;
  }
});

test('clips play beside the most similar training clips, or their mirror images; strips are above each other', async () => {
  const copies = sampled.map(({ data }) => {
    const pixels = Uint8Array.from(data, (_, at) => data[at - (at % side) + side - 1 - (at % side)]); // mirrored
    return { pixels };
  });
  const data = await datasetFromSamples([...clips, ...copies], [3, frames, side, side], { name: 'bars' });
  const pictures = { data, heldOut: 0, mirrored: true, [Symbol.dispose]: () => data.close() };
  const shown = presentationOf(config.model) ?? assert.fail();
  const said: string[] = [];
  const screen = new Screen();
  screen.say = (text) => said.push(text);
  const write = (nearest: string) => {
    const outputs = { format: 'webp', frameRate: 10, nearest: path(nearest) } as const;
    const options = { shown, outputs, columns: 2, show: false, batch: 4, screen, signal: new AbortController().signal };
    return writeNearest({ images: sampled, names: [] }, pictures, options);
  };
  await write('n.webp');
  const pairs = sampled.map((clip) => clipGrid([clip, clip], { columns: 2, scale: 8 }));
  assert.deepEqual(await clipFromAnimation(path('n.webp'), 3), clipGrid(pairs, { columns: 2 }));
  assert.match(
    said.join(),
    /n\.webp: each clip has its most similar training clip, or its mirror image, on its right, of 12 in bars\nthey differ by 0\.000 /,
  );
  await write('n.png');
  const strips = sampled.map((clip) =>
    grid(
      [clip, clip].map((each) => strip(each, 8)),
      { columns: 1 },
    ),
  );
  const { data: stacked, shape } = grid(strips, { columns: 1 });
  assert.deepEqual(await pixels(path('n.png')), { data: stacked, shape });
  assert.match(said.join(), /n\.png: each clip .* below it, of 12 in bars/);
});

test('what a killed process left half written of a clip is removed by the next command; the rest stays', async () => {
  mkdirSync(path('k'));
  const names = ['000007.webp', '000008.mp4', 'mine.webp'];
  for (const name of names) writeFileSync(beside(path(`k/${name}`)), 'half');
  orphan(path('k'));
  await drawn('--out', 'k');
  const left = readdirSync(path('k')).map((name) => name.split('.').slice(0, 2).join('.'));
  assert.deepEqual(left, [...singles('webp'), 'mine.webp']);
});
