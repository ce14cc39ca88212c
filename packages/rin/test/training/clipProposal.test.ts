import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patchList } from '@rin/core';
import { clipPatch, proposalForClips, proposalForSounds, soundPatch } from '../../src/training/clipProposal.js';
import { loadPreset } from '../../src/training/presets.js';

test('the patch of clips divides every size, and is that of the preset at its size', () => {
  const { size, patch } = loadPreset('bouncing').model;
  assert.ok(Array.isArray(size));
  assert.deepEqual(clipPatch(size), patchList(patch, 3));
  assert.deepEqual(clipPatch([16, 64, 64]), [2, 8, 8]);
  assert.deepEqual(clipPatch([5, 4, 36]), [1, 1, 6]);
  assert.deepEqual(clipPatch([4, 128, 16]), [2, 16, 4]);
  for (let side = 1; side <= 200; side++) assert.equal(side % clipPatch([1, side, 8])[1], 0, String(side));
});

const film = (frames: number, width: number, height: number, isEndless = false) => ({
  ...{ format: 'gif', frames, width, height, isEndless },
});

test('clips get frames that nine tenths of the recordings have, sides of the median, and images for their number', () => {
  const rows = [
    ['sprites', new Array(2048).fill(film(8, 64, 64)), [8, 64, 64], 2048, 190_000],
    ['films', new Array(31).fill(film(73, 640, 480)), [16, 64, 64], 31 * 4, 47_000],
    ['one in ten is short', [film(3, 40, 50), ...new Array(9).fill(film(11, 40, 50))], [10, 40, 40], 9, 20_000],
    [
      'two in ten are short',
      [film(3, 9, 9), film(3, 9, 9), ...new Array(8).fill(film(9, 9, 9))],
      [2, 8, 8],
      34,
      24_000,
    ],
    ['an animation without end', [film(1, 5, 6, true)], [1, 5, 5], 1, 20_000],
    ['many', new Array(10_000).fill(film(16, 32, 32)), [16, 32, 32], 10_000, 200_000],
  ] as const;
  for (const [name, recordings, size, samples, images] of rows) {
    const found = proposalForClips(recordings, 2);
    assert.deepEqual(
      [found.changes.model.size, found.samples, found.changes.training.images],
      [size, samples, images],
      name,
    );
    const { model } = loadPreset(found.preset, found.changes);
    assert.deepEqual([model.patch, model.classes], [clipPatch(size), 2]);
  }
  const { why } = proposalForClips([film(3, 40, 50), ...new Array(9).fill(film(11, 40, 50))], 0);
  assert.deepEqual(why, {
    preset: 'clips of 40 pixels',
    size: 'the size of the frames; 9 of 10 recordings are long enough',
    patch: 'patches of 2×8×8 make 125 tokens',
    images: 'each clip about 2,222 times',
  });
});

test('sounds get the median length at the rate of the preset, and images for their number', () => {
  const wave = (seconds: number, rate: number) => ({ rate, channels: [new Float32Array(seconds * rate)] });
  for (const [waves, length, samples] of [
    [[wave(0.3, 8000), wave(0.3, 44_100)], 2560, 2],
    [[wave(3, 16_000)], 4096, 5],
    [[wave(0.01, 8000), wave(0.02, 8000), wave(4, 8000)], 256, 1 + 1 + 125],
  ] as const) {
    const found = proposalForSounds(waves, 0);
    assert.deepEqual([found.changes.model.size, found.samples], [[length], samples]);
    assert.deepEqual(loadPreset(found.preset, found.changes).model.patch, soundPatch([length]));
  }
});
