import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.js';
import { parseConfig } from '../../src/config/parse.js';
import { isSameSetting } from '../../src/runs/sameSetting.js';

const configOf = (training: object): Config => parseConfig({ model: { size: 64, patch: 8 }, training }, 'it');

test('durations of two runs agree if they are the same share, or the same images', () => {
  const agree = (one: object, other: object) =>
    isSameSetting('training.warmup', configOf({ images: 1000, ...one }), configOf({ images: 1000, ...other }));
  assert.ok(agree({ warmup: '2%' }, { warmup: '2%', images: 5000 }));
  assert.ok(agree({ warmup: '2%' }, { warmup: 20 }));
  assert.ok(agree({ warmup: '2%' }, { warmup: '1%', images: 2000 }));
  assert.ok(!agree({ warmup: '2%' }, { warmup: 21 }));
  assert.ok(
    !isSameSetting('model.latents', configOf({}), parseConfig({ model: { size: 64, patch: 8, latents: 9 } }, '')),
  );
});
