import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecayConfig } from '../../src/config/training.js';
import { rateShare } from '../../src/training/learningRate.js';

const at = (images: number, decay: DecayConfig, { total = 1000, warmup = 100 } = {}) =>
  rateShare({ images: total, warmup, decay }, images);
const cosine = (rate = 1, flat = 0): DecayConfig => ({ kind: 'cosine', rate, flat });
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, ${expected}`);

test('the warm-up is linear from 0: the first update has rate 0', () => {
  for (const decay of [cosine(), { kind: 'constant' } as const]) {
    assert.equal(at(0, decay), 0);
    near(at(25, decay), 0.25);
    assert.equal(at(100, decay), 1);
  }
  assert.equal(at(0, cosine(), { warmup: 0 }), 1);
});

test('a whole cosine is half way at half of what the warm-up leaves, and 0 at the end', () => {
  near(at(550, cosine()), 0.5);
  near(at(1000, cosine()), 0);
  near(at(1064, cosine()), 0);
});

test('cosine with rate r walks the first part: it ends at (1 + cos(pi r)) / 2', () => {
  near(at(1000, cosine(0.7)), 0.20610737385376346); // reference: 0.206
  near(at(1000, cosine(0.8)), 0.09549150281252627); // reference: 0.095
  near(at(100 + 450, cosine(0.8)), (1 + Math.cos(0.4 * Math.PI)) / 2);
});

test('flat is a share of the run at the full rate; the cosine has the rest', () => {
  assert.equal(at(400, cosine(1, 0.4)), 1);
  near(at(700, cosine(1, 0.4)), 0.5);
  near(at(1000, cosine(1, 0.4)), 0);
  near(at(150, cosine(1, 0.1), { warmup: 200 }), 0.75);
});

test('constant stays', () => assert.equal(at(999, { kind: 'constant' }), 1));
