import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionTokens, geometry, latentSlots } from '@rin/core';
import { parseConfig } from '../../src/config/parse.js';

test('geometry: a number is a square; a clip has patches of one frame', () => {
  const square = { size: [64, 64], grid: [8, 8], tokens: 64 };
  assert.deepEqual(geometry({ size: 64, patch: 8, channels: 3 }), {
    ...{ ...square, patch: [8, 8], patchLength: 192 },
    ...{ predicted: square, given: null },
  });
  // Kinetics-600: 16 frames of 64 x 64 in patches of 2 x 4 x 4 are 2048 tokens (paper)
  const clip = geometry({ size: [16, 64, 64], patch: [2, 4, 4], channels: 3 });
  assert.deepEqual([clip.grid, clip.tokens, clip.patchLength], [[8, 16, 16], 2048, 96]);
  assert.deepEqual(geometry({ size: [4, 6, 8], patch: 2, channels: 1 }).grid, [4, 3, 4]);
  const line = { size: [12], grid: [4], tokens: 4 };
  assert.deepEqual(geometry({ size: [12], patch: 3, channels: 2 }), {
    ...{ ...line, patch: [3], patchLength: 6 },
    ...{ predicted: line, given: null },
  });
});

test('geometry: given and predicted frames are cut apart, each up to a whole slice', () => {
  const kinetics = { size: [16, 64, 64], patch: [2, 4, 4], channels: 3 };
  const { size, predicted, given, grid, tokens } = geometry({ ...kinetics, givenFrames: 5 });
  assert.deepEqual(size, [16, 64, 64]);
  // The authors' code tokenises 11 noisy and 5 given frames apart: 6·256 + 3·256 tokens.
  assert.deepEqual(predicted, { size: [11, 64, 64], grid: [6, 16, 16], tokens: 1536 });
  assert.deepEqual(given, { size: [5, 64, 64], grid: [3, 16, 16], tokens: 768 });
  assert.deepEqual([grid, tokens], [[9, 16, 16], 2304]);
  assert.equal(geometry({ ...kinetics, givenFrames: 4 }).tokens, 2048);
});

test('time and condition tokens count among the latents only when they sit there', () => {
  const slots = (more: Record<string, unknown>) =>
    latentSlots(parseConfig({ model: { size: 64, patch: 8, ...more } }, '').model);
  assert.deepEqual(slots({ classes: 10 }), { learned: 126, time: 1, condition: 1 });
  assert.deepEqual(slots({}), { learned: 127, time: 1, condition: 0 });
  assert.deepEqual(slots({ conditionDim: 4, conditionTokens: 7 }), { learned: 120, time: 1, condition: 7 });
  assert.deepEqual(slots({ classes: 10, timeOn: 'interface', conditionOn: 'interfaceWritable' }), {
    learned: 128,
    time: 0,
    condition: 0,
  });
  assert.equal(conditionTokens({ classes: 0, conditionDim: 0, conditionTokens: 0 }), 0);
});
