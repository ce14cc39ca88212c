import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../../data/fixtures.js';
import { flat, folder } from '../../data/madePictures.js';
import { rin } from '../rin.js';

/** A small network that sees few pictures. */
const short = (
  '--batch 2 --training.warmup 2 --training.sampleEvery 0 --device cpu --model.depth [1] --model.latents 6 --model.latentDim 16 ' +
  '--model.latentHeads 2 --model.interfaceDim 16 --model.readWriteHeads 2'
).split(' ');

test('the same command resumes the run that it started', async () => {
  const cwd = await folderOf(
    Object.fromEntries(Object.entries(await folder(4, (seed) => flat(8, 8, seed))).map(([n, p]) => [`p/${n}`, p])),
  );
  const train = (images: number) => rin(['train', '--data', 'p', '--images', String(images), ...short], { cwd });
  const first = await train(4);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^p: 4 drawn pictures .* so the preset is sprites-32\nsize 8×8, .*\n--preset, /);
  const longer = await train(8);
  assert.equal(longer.code, 0, longer.stderr);
  assert.match(longer.stdout, /resumes at 4 of 8 images\n/);
  assert.deepEqual(readdirSync(join(cwd, 'runs')), ['00000-p-8-rin']);
});
