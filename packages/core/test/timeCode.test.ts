import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sinCosFrequencies, timeCode } from '../src/timeCode.js';

test('a code is sines, then cosines, of γ times the scaled frequencies, with mean 0 and deviation 1', () => {
  const [gammas, dim, scaling] = [[0, 1e-9, 0.37, 1], 16, 1000];
  const codes = timeCode(gammas, dim, scaling);
  assert.equal(codes.length, gammas.length * dim);
  for (const [b, gamma] of gammas.entries()) {
    const code = [...codes.subarray(b * dim, (b + 1) * dim)];
    const mean = code.reduce((sum, value) => sum + value, 0) / dim;
    const square = code.reduce((sum, value) => sum + value ** 2, 0) / dim;
    assert.ok(Math.abs(mean) < 1e-15 && Math.abs(square - 1) < 1e-14, `${mean}, ${square}`);
    // A code is known up to shift and scale: differences of its values are those of the bare sines and cosines.
    const bare = Array.from({ length: dim }, (_, j) => {
      const angle = (gamma * scaling) / 10000 ** ((2 * (j % 8)) / dim);
      return j < 8 ? Math.sin(angle) : Math.cos(angle);
    });
    const ratio = (code[8] - code[0]) / (bare[8] - bare[0]);
    for (let j = 1; j < dim; j++) {
      const [found, expected] = [code[j] - code[0], ratio * (bare[j] - bare[0])];
      assert.ok(Math.abs(found - expected) < 1e-12, `γ = ${gamma}, channel ${j}: ${found} against ${expected}`);
    }
  }
});

test('neighbouring levels keep different codes, and a code depends on its own γ alone', () => {
  const [a, b] = [timeCode([0.9801], 32, 1000), timeCode([0.9811], 32, 1000)];
  assert.ok(a.some((value, j) => Math.abs(value - b[j]) > 0.1));
  assert.deepEqual([...timeCode([0.2, 0.9811], 32, 1000).subarray(32)], [...b]);
});

test('frequencies fall from 1 as powers of 10000', () => {
  assert.deepEqual(sinCosFrequencies(4), [1, 0.01]);
});
