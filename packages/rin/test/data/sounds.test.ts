import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand, lengthOf } from '@rin/core';
import { parseConfig } from '../../src/config/parse.js';
import { openDataset } from '../../src/data/open.js';
import { folderOf, problem, tar } from './fixtures.js';

/** A WAV file with 16-bit PCM. @param channels amplitudes of each channel */
function wav(rate: number, ...channels: number[][]): Uint8Array {
  const frames = channels[0].length;
  const file = Buffer.alloc(44 + 2 * channels.length * frames);
  file.write('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0', 'latin1');
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt16LE(2 * channels.length, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(file.length - 44, 40);
  for (let i = 0; i < frames; i++)
    for (const [c, channel] of channels.entries())
      file.writeInt16LE(Math.round(channel[i] * 32767), 44 + 2 * (i * channels.length + c));
  return file;
}

const ramp = (length: number, scale: number) => Array.from({ length }, (_, i) => (scale * i) / length);
const data = (more: object = {}) =>
  parseConfig({ model: { size: [8], patch: [2], channels: 1 }, data: { sampleRate: 8000, ...more } }, 'test').data;
const open = (source: string, more: object = {}) =>
  openDataset(source, { size: [8], channels: 1, data: data(more), onNotice: () => {} });

function amplitudes(dataset: Awaited<ReturnType<typeof open>>, index: number): number[] {
  const bytes = new Uint8Array(lengthOf(dataset.shape));
  dataset.read(index, bytes);
  return [...expand(bytes)];
}

/** The step of 8-bit μ-law near full scale is 4 %. */
const near = (actual: readonly number[], expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i] - value) < 0.025 * Math.abs(value) + 1e-3, `${actual[i]} instead of ${value}`);
};

test('folders are classes, channels are mixed, short sounds end with silence, long ones become several samples', async () => {
  const folder = await folderOf({
    'long/a.wav': wav(8000, ramp(20, 1)),
    'short/b.wav': wav(8000, ramp(5, 0.5), ramp(5, 1)),
  });
  const dataset = await open(folder);
  assert.deepEqual([...dataset.classes], ['long', 'short']);
  assert.deepEqual(
    [0, 1, 2].map((index) => dataset.label(index)),
    [0, 0, 1],
  );
  near(amplitudes(dataset, 0), ramp(20, 1).slice(0, 8));
  near(amplitudes(dataset, 1), ramp(20, 1).slice(8, 16));
  near(amplitudes(dataset, 2), [...ramp(5, 0.75), 0, 0, 0]);
  assert.throws(() => dataset.read(3, new Uint8Array(8)), RangeError);
});

test('a stride makes samples overlap, and another sample rate changes the length', async () => {
  const folder = await folderOf({ 'a.wav': wav(8000, ramp(20, 1)) });
  const overlapping = await open(folder, { stride: 4 });
  assert.equal(overlapping.length, 4); // starts 0, 4, 8 and 12
  near(amplitudes(overlapping, 1), ramp(20, 1).slice(4, 12));
  assert.equal((await open(folder, { sampleRate: 16000 })).length, 5);
});

test('a tar has the same samples as its folder', async () => {
  const folder = await folderOf({ 'x/a.wav': wav(8000, ramp(9, 1)), 'y/b.wav': wav(8000, ramp(9, -1)) });
  const [one, other] = [await open(folder), await open(tar(folder, 'x', 'y'))];
  assert.deepEqual([0, 1].map((i) => amplitudes(one, i)), [0, 1].map((i) => amplitudes(other, i))); // biome-ignore format: short
  assert.equal(one.fingerprint, other.fingerprint);
  assert.notEqual(one.fingerprint, (await open(folder, { sampleRate: 4000 })).fingerprint);
});

test('damaged sounds are named and skipped; a source without sounds is refused', async () => {
  const whole = wav(8000, ramp(9, 1));
  const folder = await folderOf({ 'a.wav': whole, 'b.wav': whole.subarray(0, 50), 'c.wav': 'text' });
  const dataset = await open(folder);
  assert.deepEqual([...dataset.skipped], [
    { name: 'b.wav', reason: 'cut short' },
    { name: 'c.wav', reason: 'no WAV file' },
  ]); // biome-ignore format: short
  assert.match(
    await problem(open(await folderOf({ 'b.wav': 'text' }))),
    /none of its sounds can be read; the first of 1 is b\.wav/,
  );
  assert.match(await problem(open(await folderOf({ 'b.txt': 'text' }))), /no sounds here \(wav\)/);
  assert.match(await problem(open('emoji')), /"emoji" has no sounds; "tones" is the built-in set/);
  assert.match(
    await problem(openDataset(folder, { size: [8], channels: 3, data: data() })),
    /sounds have 1 channel, but the model has 3/,
  );
  assert.throws(() => data({ flip: true }), /play backwards/);
});

test('the built-in tones are functions of their index, take turns in six classes, and differ', async () => {
  const size = [512];
  const dataset = await openDataset('tones', { size, channels: 1, data: data() });
  const again = await openDataset('tones', { size, channels: 1, data: data() });
  assert.equal(dataset.fingerprint, again.fingerprint);
  assert.deepEqual([...dataset.classes], ['bell', 'fall', 'hat', 'kick', 'rise', 'snare']);
  const seen = new Set<string>();
  for (let index = 0; index < 24; index++) {
    assert.equal(dataset.label(index), index % 6);
    assert.deepEqual(amplitudes(dataset, index), amplitudes(again, index));
    const loudest = Math.max(...amplitudes(dataset, index).map(Math.abs));
    assert.ok(loudest > 0.1 && loudest <= 1, `${loudest}`);
    seen.add(amplitudes(dataset, index).join());
  }
  assert.equal(seen.size, 24);
});
