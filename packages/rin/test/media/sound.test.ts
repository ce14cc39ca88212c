import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compand, expand } from '../../src/index.js';
import { encodeWav, readWav, writeWav } from '../../src/media/wav.js';
import { waveform } from '../../src/media/waveform.js';
import { work } from '../data/fixtures.js';

/** A WAV file written by hand: chunks as [word, bytes]. */
function riff(...chunks: [string, Uint8Array][]): Uint8Array {
  const parts = chunks.map(([word, bytes]) => {
    const head = Buffer.alloc(8);
    head.write(word, 'latin1');
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes, Buffer.alloc(bytes.length % 2)]);
  });
  const head = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  return Buffer.concat([head, ...parts]);
}

/** The chunk `fmt `. @param more bytes of the extensible form */
function format(code: number, channels: number, bits: number, more = Buffer.alloc(0)): [string, Uint8Array] {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(8000, 4);
  bytes.writeUInt16LE((channels * bits) / 8, 12);
  bytes.writeUInt16LE(bits, 14);
  return ['fmt ', Buffer.concat([bytes, more])];
}

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

test('PCM of 8, 16, 24 and 32 bits and float of 32 and 64 bits give their amplitudes', () => {
  const cases: [number, number, Uint8Array][] = [
    [1, 8, Uint8Array.of(0, 64, 128, 192)],
    [1, 16, Buffer.from(Int16Array.of(-32768, -16384, 0, 16384).buffer)],
    [1, 24, Uint8Array.of(0, 0, 0x80, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0x40)],
    [1, 32, Buffer.from(Int32Array.of(-(2 ** 31), -(2 ** 30), 0, 2 ** 30).buffer)],
    [3, 32, floats(-1, -0.5, 0, 0.5)],
    [3, 64, Buffer.from(Float64Array.of(-1, -0.5, 0, 0.5).buffer)],
  ];
  for (const [code, bits, data] of cases) {
    const { rate, channels } = readWav(riff(format(code, 1, bits), ['data', data]));
    assert.equal(rate, 8000);
    assert.deepEqual(channels, [Float32Array.of(-1, -0.5, 0, 0.5)], `${bits} bits`);
  }
});

test('channels are told apart, other chunks are passed over, and the extensible form is read', () => {
  const guid = Buffer.concat([Buffer.from([22, 0, 32, 0, 3, 0, 0, 0, 3, 0]), Buffer.alloc(14)]);
  const file = riff(['LIST', Buffer.from('odd')], format(0xfffe, 2, 32, guid), ['data', floats(0.5, -1, 0.25, 0)]);
  assert.deepEqual(readWav(file).channels, [Float32Array.of(0.5, 0.25), Float32Array.of(-1, 0)]);
});

test('loud and broken floats are limited', () => {
  const [left] = readWav(riff(format(3, 1, 32), ['data', floats(3, -2, Number.NaN)])).channels;
  assert.deepEqual(left, Float32Array.of(1, -1, 0));
});

test('a file of unknown length, as from a pipe, is read to its end', () => {
  const file = Buffer.from(riff(format(1, 1, 8), ['data', Uint8Array.of(128, 192)]));
  file.writeUInt32LE(2 ** 32 - 1, file.length - 6);
  assert.deepEqual(readWav(file).channels, [Float32Array.of(0, 0.5)]);
});

test('every other file is refused with its reason', () => {
  const data: [string, Uint8Array] = ['data', new Uint8Array(4)];
  assert.throws(() => readWav(Buffer.from('no wave')), /no WAV file/);
  assert.throws(() => readWav(riff(format(1, 1, 8))), /no samples/);
  assert.throws(() => readWav(riff(data, format(1, 1, 8))), /before their format/);
  assert.throws(() => readWav(riff(['LIST', new Uint8Array(4)])), /no format/);
  assert.throws(() => readWav(riff(format(6, 1, 8), data)), /code 6 with 8 bits/);
  assert.throws(() => readWav(riff(format(1, 0, 8), data)), /contradicts itself/);
  const whole = riff(format(1, 1, 8), data);
  for (let length = 0; length < whole.length; length++) assert.throws(() => readWav(whole.subarray(0, length)), Error);
});

test('companding is the formula of G.711, keeps silence silent, and is undone by expanding', () => {
  const [silence, full] = [Float32Array.of(0), Float32Array.of(1, -1, 2, -2)];
  assert.deepEqual(compand(silence), Uint8Array.of(128));
  assert.deepEqual(compand(full), Uint8Array.of(255, 0, 255, 0));
  assert.deepEqual(expand(Uint8Array.of(127, 128)), Float32Array.of(0, 0));
  const amplitude = 0.1; // ln(1 + 25.5)/ln 256 = 0.59097; 127.5·1.59097 = 202.85
  assert.deepEqual(compand(Float32Array.of(amplitude)), Uint8Array.of(203));
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const again = compand(expand(bytes));
  for (const byte of bytes) assert.equal(again[byte], byte === 127 ? 128 : byte);
});

test('a written WAV has the same sound when it is read, in 16 bits', async () => {
  const sound = { data: Uint8Array.from({ length: 256 }, (_, byte) => byte), shape: [1, 256] };
  const path = join(work, 'sound.wav');
  await writeWav(path, sound, { rate: 11025 });
  const { rate, channels } = readWav(readFileSync(path));
  assert.equal(rate, 11025);
  const error = expand(sound.data).map((a, i) => Math.abs(a - channels[0][i]));
  assert.ok(Math.max(...error) < 2 / 32768, 'half a step of 16 bits, and the scale 32767/32768');
  assert.deepEqual(compand(channels[0]), sound.data.with(127, 128));
  assert.throws(() => encodeWav(sound, { rate: 0.5 }), /a sample rate of 0.5/);
  await assert.rejects(writeWav('a.mp3', sound, { rate: 8000 }), /would be WAV/);
});

test('a waveform shows the amplitudes of its part of the sound in every column', () => {
  const quiet = new Uint8Array(512).fill(128);
  quiet[256] = 255; // one peak to 1, in column 128
  const { data, shape } = waveform({ data: quiet, shape: [1, 512] });
  assert.deepEqual(shape, [1, 65, 256]);
  const dark = (x: number) => [...data.keys()].filter((i) => i % 256 === x && data[i] < 128).map((i) => (i - x) / 256);
  assert.deepEqual(dark(100), [32]);
  assert.deepEqual(
    dark(128),
    Array.from({ length: 33 }, (_, y) => y),
  );
});
