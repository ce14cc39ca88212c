import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resampleSound } from '../../src/data/decoding/sounds/resampleSound.js';

const sine = (hertz: number, rate: number, seconds = 0.1) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** The largest difference, without the ends: there the sound begins and stops suddenly. */
const difference = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.subarray(60, -60).map((value, i) => Math.abs(value - b[i + 60])));

for (const [from, to] of [
  [44100, 8000],
  [8000, 44100],
  [11025, 16000],
  [48000, 16000],
]) {
  test(`a sine of 440 Hz stays one from ${from} to ${to} samples a second`, () => {
    const result = resampleSound(sine(440, from), from, to);
    const expected = sine(440, to);
    assert.equal(result.length, Math.floor((Math.floor(from * 0.1) * to) / from));
    assert.ok(difference(result, expected) < 1e-3); // the window attenuates by 80 dB: 1e-4
  });
}

test('a tone above half of the new rate is removed, not folded back', () => {
  const result = resampleSound(sine(6000, 44100), 44100, 8000);
  assert.ok(Math.max(...result.subarray(60, -60).map(Math.abs)) < 1e-3);
});

test('an unchanged rate changes nothing', () => {
  const samples = sine(440, 8000);
  assert.deepEqual(resampleSound(samples, 8000, 8000), samples);
});

test('a sound without samples stays empty at every rate, so it is skipped', () => {
  assert.equal(resampleSound(new Float32Array(0), 44100, 16000).length, 0);
});
