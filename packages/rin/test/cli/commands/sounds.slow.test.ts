import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { compand } from '@rin/core';
import { sample } from '../../../src/diffusion/sample.js';
import sharp from '../../../src/media/sharp.js';
import { encodeWav, readWav } from '../../../src/media/wav.js';
import { loadModel } from '../../../src/runs/loadModel.js';
import { freshFolder } from '../../training/tiny.js';
import { rin } from '../rin.js';

const cwd = freshFolder();
const run = join(cwd, 'run');
const tiny = ['--model.size', '[64]', '--model.patch', '[8]', '--model.latents', '8', '--images', '64'];
const train = ['train', '--preset', 'tones', '--run', run, '--training.threads', '1', '--sampling.steps', '2', ...tiny];

before(async () => {
  const { code, stderr } = await rin([...train, '--training.sampleEvery', '32'], { cwd });
  assert.equal(code, 0, stderr);
});

test('a run on sounds writes its previews as waveforms and as a sound', async () => {
  for (const stem of ['reals', 'fakes-000000.064k']) {
    const files = ['png', 'wav'].map((ending) => join(run, `${stem}.${ending}`));
    assert.deepEqual(files.map(existsSync), [true, true], stem);
    const { rate, channels } = readWav(readFileSync(files[1]));
    assert.equal(rate, 8000);
    assert.equal(channels[0].length % 64, 0);
  }
});

test('rin sample writes each sound as WAV, equal to what a program gets, and all as waveforms', async () => {
  const [out, waves] = [join(cwd, 'out'), join(cwd, 'waves.png')];
  const { code, stderr } = await rin(['sample', run, '--seeds', '0-2', '--out', out, '--grid', waves], { cwd });
  assert.equal(code, 0, stderr);
  const expected = await sample(await loadModel(run), { seeds: [0, 1, 2] });
  for (const [i, { data, shape, medium }] of expected.entries()) {
    const { rate, channels } = readWav(readFileSync(join(out, `00000${i}.wav`)));
    assert.deepEqual([medium, [...shape], rate], ['sound', [1, 64], 8000]);
    assert.deepEqual(
      compand(channels[0]),
      data.map((byte) => (byte === 127 ? 128 : byte)),
    ); // both are silence
  }
  assert.equal((await sharp(waves).metadata()).format, 'png');
});

test('without an output all sounds are in samples.wav, one after the other', async () => {
  const { code } = await rin(['sample', run, '--seeds', '0-2', '--no-show'], { cwd });
  assert.equal(code, 0);
  assert.equal(readWav(readFileSync(join(cwd, 'samples.wav'))).channels[0].length, 3 * 64);
});

test('info proposes a training on sounds, and --nearest writes each sound with the most similar one after it', async () => {
  mkdirSync(join(cwd, 'wavs'));
  for (const value of [60, 128, 190]) {
    const sound = { data: new Uint8Array(64).fill(value), shape: [1, 64] };
    writeFileSync(join(cwd, `wavs/${value}.wav`), encodeWav(sound, { rate: 8000 }));
  }
  const info = await rin(['data', 'info', 'wavs', '--quick'], { cwd });
  assert.match(
    info.stdout,
    /\npreset {3}tones, for sounds of 0\.01 s\nsize {5}256 values, .*\nimages {3}20,000, each sound about 6,667 times\ncommand {2}rin train --data wavs --size '\[256\]' --images 20000\n$/,
  );
  const { code, stderr, stdout } = await rin(
    ['sample', run, '--seeds', '0-1', '--data', 'wavs', '--nearest', 'pairs.wav', '--no-show'],
    { cwd },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /pairs\.wav: each sound has its most similar training sound after it, of 3 in wavs/);
  const [heard] = readWav(readFileSync(join(cwd, 'pairs.wav'))).channels;
  assert.equal(heard.length, 2 * 2 * 64);
  for (const second of [64, 192]) {
    const values = new Set(compand(heard.subarray(second, second + 64)));
    assert.equal(values.size, 1); // a sound of the data, all of one value
    assert.ok([60, 128, 190].includes([...values][0]));
  }
});

test('a frame rate, or the ending of a clip, is refused in a sentence', async () => {
  const rate = await rin(['sample', run, '--frame-rate', '5'], { cwd });
  assert.deepEqual([rate.code, rate.stderr.trim().split('\n').length], [1, 1]);
  assert.match(rate.stderr, /makes sounds, which have no frame rate/);
  const ending = await rin(['sample', run, '--grid', 'a.gif'], { cwd });
  assert.equal(ending.code, 2);
  assert.match(ending.stderr, /expected the name of a WAV or PNG file/);
});
