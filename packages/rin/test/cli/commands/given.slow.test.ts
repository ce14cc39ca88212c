import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parseConfig } from '../../../src/config/parse.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { type Clip, cutClip, framesOf } from '../../../src/media/clip.js';
import { writeClip } from '../../../src/media/clipFile.js';
import { encodePng } from '../../../src/media/png.js';
import sharp from '../../../src/media/sharp.js';
import { RIN } from '../../../src/model/rin.js';
import { clipFromAnimation, hasFfmpeg, largestGap } from '../../media/decodedClip.js';
import { freshFolder } from '../../training/tiny.js';
import { type Ended, rin } from '../rin.js';

const cwd = freshFolder();
const path = (name: string) => join(cwd, name);

/** A model of random weights: 4 frames of 8×8 in colour. */
async function modelFile(name: string, model: object): Promise<void> {
  const small = { latents: 4, latentDim: 16, latentHeads: 2, interfaceDim: 16, readWriteHeads: 2, depth: [1] };
  const config = parseConfig({ model: { ...small, ...model }, sampling: { steps: 2 } } as unknown, name);
  const parameters = new RIN(config.model).parameters();
  await saveModel(path(`${name}.safetensors`), { config, classes: [], meanSquare: 0.3, parameters });
}

/** Plain frames, each lighter than the one before. */
const ramp = (frames: number, from: number, side = 8): Clip => ({
  shape: [3, frames, side, side],
  data: Uint8Array.from(
    { length: 3 * frames * side * side },
    (_, i) => from + 10 * (Math.floor(i / side ** 2) % frames),
  ),
});

async function frameFolder(name: string, clip: Clip): Promise<void> {
  mkdirSync(path(name), { recursive: true });
  for (const [i, frame] of framesOf(clip).entries()) writeFileSync(path(`${name}/${i}.png`), await encodePng(frame));
}

before(async () => {
  await modelFile('given', { size: [4, 8, 8], patch: [2, 4, 4], givenFrames: 2 });
  await modelFile('plain', { size: [4, 8, 8], patch: [2, 4, 4] });
  await modelFile('pictures', { size: 8, patch: 4 });
  await modelFile('sounds', { size: [64], patch: 8, channels: 1 });
  await writeClip(path('a.webp'), ramp(5, 20));
  for (const [name, from] of [
    ['a', 20],
    ['b', 90],
    ['c', 160],
  ] as const)
    await frameFolder(`folder/${name}`, ramp(3, from));
});

const sample = (...args: string[]): Promise<Ended> => rin(['sample', '--threads', '1', '--no-show', ...args], { cwd });
async function drawn(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sample('given.safetensors', ...args);
  assert.deepEqual([code, stderr], [0, ''], stderr);
  return stdout;
}
const written = (name: string): Promise<Clip> => clipFromAnimation(path(name), 3);
const lastTwo = (clip: Clip): Clip => cutClip(clip, clip.shape[1] - 2, 2);

test('an animated WebP is continued by its last frames, byte for byte, for as many frames as asked for', async () => {
  assert.match(
    await drawn('--given', 'a.webp', '--frames', '9', '--out', 'a'),
    /continues 1 clip: a\.webp\n1 clip in /,
  );
  assert.deepEqual(readdirSync(path('a')), ['000000.webp']);
  const clip = await written('a/000000.webp');
  assert.deepEqual(clip.shape, [3, 9, 8, 8]);
  assert.deepEqual(cutClip(clip, 0, 2), lastTwo(ramp(5, 20)));
  await drawn('--given', 'a.webp', '--out', 'short');
  assert.deepEqual(await written('short/000000.webp'), cutClip(clip, 0, 4), 'a longer clip begins like a shorter one');
  await drawn('--given', 'a.webp', '--frames', '9', '--seeds', '1', '--out', 'other');
  const other = await written('other/000001.webp');
  assert.deepEqual(cutClip(other, 0, 2), cutClip(clip, 0, 2));
  assert.notDeepEqual(other, clip);
});

test('each clip of a folder is continued', async () => {
  assert.match(
    await drawn('--given', 'folder', '--frames', '6', '--out', 'f'),
    /continues 3 clips: a, b, c\n3 clips in /,
  );
  for (const [seed, from] of [20, 90, 160].entries()) {
    const clip = await written(`f/00000${seed}.webp`);
    assert.deepEqual([clip.shape[1], cutClip(clip, 0, 2)], [6, lastTwo(ramp(3, from))]);
  }
});

test('frames of another size are scaled to that of the model', async () => {
  await writeClip(path('large.webp'), ramp(4, 40, 24));
  await drawn('--given', 'large.webp', '--out', 'l');
  assert.deepEqual(cutClip(await written('l/000000.webp'), 0, 2), lastTwo(ramp(4, 40)));
});

test('an mp4 is continued by its last frames', { skip: !hasFfmpeg && 'no ffmpeg' }, async () => {
  await writeClip(path('a.mp4'), ramp(5, 20)); // each pixel as 2×2
  assert.match(await drawn('--given', 'a.mp4', '--frames', '7', '--out', 'm'), /continues 1 clip: a\.mp4\n/);
  const clip = await written('m/000000.webp');
  assert.equal(clip.shape[1], 7);
  // The codec changes plain colours by a few levels; the frame before is 10 levels away.
  assert.ok(largestGap(cutClip(clip, 0, 2), lastTwo(ramp(5, 20))) <= 4);
});

test('the denoising of a longer clip shows all its sections, and ends with the result', async () => {
  await drawn('--given', 'a.webp', '--frames', '8', '--animate', 'd.webp', '--grid', 'd.png');
  const animation = sharp(path('d.webp'), { animated: true });
  const { pages, pageHeight, width, delay } = await animation.metadata();
  const result = await sharp(path('d.png')).metadata();
  // Three sections of two steps: a frame for each step but the last, then the result.
  assert.deepEqual([pages, width, pageHeight], [6, result.width, result.height]);
  assert.deepEqual(delay, [60, 60, 60, 60, 60, 2000]);
  /** How many of the 8 frames are not white yet. */
  const shown = async (page: number): Promise<number> => {
    const { data, info } = await sharp(path('d.webp'), { page })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const middle = Math.floor(info.height / 2);
    const step = info.width / 8;
    const whites = Array.from({ length: 8 }, (_, frame) => {
      const at = 3 * (middle * info.width + Math.floor((frame + 0.5) * step));
      return data.subarray(at, at + 3).every((value) => value > 250);
    });
    return whites.filter((isWhite) => !isWhite).length;
  };
  assert.deepEqual([await shown(0), await shown(2), await shown(4), await shown(5)], [4, 6, 8, 8]);
});

test('what cannot be continued is refused in one sentence, and nothing is written', async () => {
  await frameFolder('single', ramp(1, 20));
  mkdirSync(path('empty'));
  writeFileSync(path('text.txt'), 'no clip');
  writeFileSync(path('cut.gif'), Buffer.from('GIF89a'));
  const formats = 'a video, an animated GIF, WebP or PNG, a folder of frames, or a folder of these';
  const untrained = 'this model was trained without given frames (model.givenFrames 0), so leave it out';
  for (const [args, message] of [
    [['given'], `this model continues clips: name one with --given, of at least 2 frames: ${formats}`],
    [['given', '--given', 'single'], `single has 1 frame, but this model continues 2`],
    [['given', '--given', 'empty'], `empty: no clip is here; expected ${formats}`],
    [['given', '--given', 'absent.mp4'], 'absent.mp4: there is no such file or folder'],
    [['given', '--given', 'text.txt'], /^text\.txt cannot be read as frames \(.+\); expected a video, .+$/],
    [['given', '--given', 'cut.gif'], /^cut\.gif cannot be read as frames \(.+\); expected a video, .+$/],
    [
      ['given', '--given', 'a.webp', '--frames', '2'],
      'frames 2: expected a whole number above 2, the given frames, which count among them',
    ],
    [['plain', '--given', 'a.webp'], `--given: ${untrained}`],
    [['plain', '--frames', '9'], `--frames: ${untrained}`],
    [['pictures', '--frames', '9'], '--frames: this model makes pictures, and no clips; leave it out'],
    [['sounds', '--given', 'a.webp'], '--given: this model makes sounds, and no clips; leave it out'],
  ] as const) {
    const [model, ...rest] = args;
    const { code, stderr } = await sample(`${model}.safetensors`, ...rest, '--grid', 'no.png');
    assert.equal(code, 1, stderr);
    if (typeof message === 'string') assert.equal(stderr, `${message}\n`);
    else assert.match(stderr.trimEnd(), message);
  }
  assert.ok(!existsSync(path('no.png')));
});

test('a film without ffmpeg, or a damaged one, is refused in one sentence', async () => {
  const before = process.env.PATH;
  writeFileSync(path('broken.mp4'), 'not a film');
  if (hasFfmpeg) {
    const { code, stderr } = await sample('given.safetensors', '--given', 'broken.mp4');
    assert.equal(code, 1);
    assert.match(stderr, /^broken\.mp4 cannot be read as frames \(.+\); expected a video, [^\n]+\n$/);
  }
  process.env.PATH = freshFolder();
  try {
    const { code, stderr } = await sample('given.safetensors', '--given', 'broken.mp4');
    const install = /^reading a video needs ffmpeg, which is not installed; install it: [^\n]+\n$/;
    assert.equal(code, 1);
    assert.match(stderr, install);
  } finally {
    process.env.PATH = before;
  }
});
