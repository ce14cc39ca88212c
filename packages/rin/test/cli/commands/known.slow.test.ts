import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/parse.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { writePng } from '../../../src/media/png.js';
import sharp from '../../../src/media/sharp.js';
import { RIN } from '../../../src/model/rin.js';
import { work } from '../../data/fixtures.js';
import { rin } from '../rin.js';

const size = 8;

/** A picture file of a size, with a colour or a grey for each pixel. */
async function picture(name: string, side: number, value: (at: number, channel: number) => number, channels = 3) {
  const data = Uint8Array.from({ length: channels * side * side }, (_, i) =>
    value(i % (side * side), Math.floor(i / side ** 2)),
  );
  await writePng(join(work, name), { data, shape: [channels, side, side] });
}

async function model(): Promise<string> {
  const config = parseConfig(
    {
      model: {
        size,
        patch: 4,
        latents: 4,
        latentDim: 8,
        latentHeads: 1,
        interfaceDim: 8,
        readWriteHeads: 1,
        depth: [1],
      },
      sampling: { steps: 2 },
    },
    'test',
  );
  const path = join(work, 'known.safetensors');
  const network = new RIN(config.model, { seed: 0 });
  await saveModel(path, { config, classes: [], meanSquare: 0.3, parameters: network.parameters() });
  return path;
}

const isRight = (at: number, side: number) => at % side >= side / 2;

const pixelsOf = async (file: string) => (await sharp(join(work, file)).removeAlpha().raw().toBuffer()).toJSON().data;

/** Runs `rin sample` with a model of 8×8 pixels. */
const draw = async (...args: string[]) =>
  rin(['sample', await model(), '--seeds', '0-1', '--threads', '1', ...args], { cwd: work });

test('rin sample --known keeps the black pixels of the mask to the byte, and draws the white ones anew for each seed', async () => {
  await picture('photo.png', size, (at, channel) => (at * 29 + channel * 71) % 256);
  await picture('mask.png', size, (at) => (isRight(at, size) ? 255 : 0), 1);
  const { code, stdout, stderr } = await draw('--known', 'photo.png', '--mask', 'mask.png', '--out', 'filled');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^known: photo\.png; 32 of 64 pixels are drawn$/m);
  const photo = await pixelsOf('photo.png');
  const [first, second] = await Promise.all(['filled/000000.png', 'filled/000001.png'].map(pixelsOf));
  for (const [i, value] of photo.entries()) {
    if (!isRight(Math.floor(i / 3), size)) assert.deepEqual([first[i], second[i]], [value, value]);
  }
  assert.notDeepEqual(first, second);
});

test('a larger picture is scaled like the data, and its mask with it', async () => {
  await picture('large.png', 4 * size, (at) => (isRight(at, 4 * size) ? 30 : 200));
  await picture('largeMask.png', 4 * size, (at) => (isRight(at, 4 * size) ? 255 : 0));
  const { code, stdout } = await draw(
    '--known',
    'large.png',
    '--mask',
    'largeMask.png',
    '--out',
    'scaled',
    '--resample',
    '1',
  );
  assert.equal(code, 0);
  assert.match(stdout, /^known: large\.png; 32 of 64 pixels are drawn$/m);
  const target = sharp(join(work, 'large.png')).resize(size, size, { kernel: 'lanczos3' }).removeAlpha().raw();
  const expected = (await target.toBuffer()).toJSON().data;
  const found = await pixelsOf('scaled/000000.png');
  for (const [i, value] of expected.entries()) if (!isRight(Math.floor(i / 3), size)) assert.equal(found[i], value);
});

test('what cannot be filled is refused in one sentence', async () => {
  await picture('photo.png', size, () => 9);
  await picture('mask.png', size, () => 255, 1);
  await picture('other.png', 2 * size, () => 255, 1);
  for (const [args, code, message] of [
    [
      ['--known', 'photo.png', '--mask', 'other.png'],
      1,
      'other.png has 16×16 pixels, but photo.png has 8×8; make both equal',
    ],
    [
      ['--known', 'photo.png'],
      2,
      '--known photo.png: expected a mask too, such as --mask mask.png: white = to draw, black = known',
    ],
    [['--mask', 'mask.png'], 2, '--mask belongs to a picture with known pixels; add --known picture.png'],
    [['--resample', '3'], 2, '--resample belongs to a picture with known pixels; add --known picture.png'],
    [['--known', 'gone.png', '--mask', 'mask.png'], 1, 'gone.png'],
    [['--known', 'known.safetensors', '--mask', 'mask.png'], 1, 'cannot read known.safetensors as a picture'],
    [['--known', 'photo.png', '--mask', 'mask.png', '--jump', '0'], 2, '--jump 0: expected a whole number, at least 1'],
    [
      ['--known', 'photo.png', '--mask', 'mask.png', '--resample', '1001'],
      1,
      'resample 1001: expected a whole number, from 1 to 1000',
    ],
  ] as const) {
    const ended = await draw(...args);
    assert.equal(ended.code, code, ended.stderr);
    assert.ok(ended.stderr.includes(message), ended.stderr);
    assert.equal(ended.stderr.trim().split('\n')[0].includes(message), true, ended.stderr);
  }
});
