import assert from 'node:assert/strict';
import { test } from 'node:test';
import { empty, philoxNormal, setThreads, TorchError, threads, trace, zeros } from '../src/index.js';
import { normals, philox } from './philoxReference.js';

test('the generator here gives the published test vectors of Philox4x32-10', () => {
  const hex = (words: bigint[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
  const ones = 0xffffffffn;
  assert.equal(hex(philox([0n, 0n, 0n, 0n], [0n, 0n])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  assert.equal(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
  assert.equal(
    hex(philox([0x243f6a88n, 0x85a308d3n, 0x13198a2en, 0x03707344n], [0xa4093822n, 0x299f31d0n])),
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

test('normals follow their definition: counter, key, uniforms, Box–Muller', () => {
  const [seed, purpose, step, samples] = [2 ** 45 + 3, 5, 77, [0, 1, 2 ** 33 + 9]];
  const drawn = philoxNormal(empty([3, 1001]), { seed, samples, step, purpose }).toTypedArray();
  samples.forEach((sample, b) => {
    normals(BigInt(seed), BigInt(purpose), BigInt(sample), BigInt(step), 1001).forEach((expected, i) => {
      // Half a unit of float32 at the largest normal, 6.76
      assert.ok(Math.abs(Number(drawn[b * 1001 + i]) - expected) < 2.5e-7, `sample ${sample}, number ${i}`);
    });
  });
});

test('a row does not depend on the batch, on the threads, or on the shape of what it fills', () => {
  const one = philoxNormal(empty([1, 6000]), { seed: 1, samples: [8] }).toTypedArray();
  const before = threads();
  for (const count of [1, 2, 3]) {
    setThreads(count);
    const batch = philoxNormal(empty([5, 3, 50, 40]), { seed: 1, samples: [5, 6, 7, 8, 9] }).select(0, 3);
    assert.deepEqual(batch.toTypedArray(), one);
  }
  setThreads(before);
});

test('a million normals have mean 0, variance 1, and the tails of a normal', () => {
  const drawn = philoxNormal(empty([1000, 1000]), { seed: 3, samples: Array.from({ length: 1000 }, (_, i) => i) });
  // Four standard deviations of each estimate over 10⁶ draws
  assert.ok(Math.abs(drawn.mean().item()) < 4e-3);
  assert.ok(Math.abs(drawn.var().item() - 1) < 4 * Math.SQRT2 * 1e-3);
  assert.ok(Math.abs(drawn.pow(3).mean().item()) < 4 * Math.sqrt(15) * 1e-3);
  assert.ok(Math.abs(drawn.abs().gt(2).float().mean().item() - 0.0455003) < 4 * 2.1e-4);
});

test('what cannot be filled, and numbers out of their range, are refused', () => {
  const draw = (shape: number[], options = {}) => philoxNormal(empty(shape), { seed: 0, samples: [0, 1], ...options });
  assert.throws(() => draw([3, 4]), /expected a float32 tensor of 2 rows.*got Tensor \[3, 4\] float32/);
  assert.throws(() => philoxNormal(empty([]), { seed: 0, samples: [] }), TorchError);
  assert.throws(() => philoxNormal(zeros([1, 4], { dtype: 'float64' }), { seed: 0, samples: [0] }), /float64/);
  assert.throws(() => philoxNormal(zeros([4, 2]).transpose(0, 1), { seed: 0, samples: [0, 1] }), /contiguous/);
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
    assert.throws(() => draw([2, 4], { seed }), /seed must be a whole/);
  assert.throws(() => draw([2, 4], { samples: [0, -1] }), /sample must be/);
  assert.throws(() => draw([2, 4], { step: 2 ** 32 }), /step must be/);
  assert.throws(() => draw([2, 4], { purpose: 256 }), /purpose must be/);
  assert.throws(() => trace(() => draw([2, 4])), /in place/);
  assert.equal(draw([2, 0]).size, 0);
});
