import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patchList } from '@rin/core';
import { clipPatch } from '../../src/training/clipProposal.js';
import { loadPreset } from '../../src/training/presets.js';

test('the patch of clips divides every size, and is that of the preset at its size', () => {
  const { size, patch } = loadPreset('bouncing').model;
  assert.ok(Array.isArray(size));
  assert.deepEqual(clipPatch(size), patchList(patch, 3));
  assert.deepEqual(clipPatch([16, 64, 64]), [2, 8, 8]);
  assert.deepEqual(clipPatch([5, 4, 36]), [1, 1, 4]);
  for (let side = 1; side <= 200; side++) assert.equal(side % clipPatch([1, side, 8])[1], 0, String(side));
});
