import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as torch from '../src/index.js';
import { manualSeed, rand, randint, randn, randperm, setThreads, type Tensor, threads, trace } from '../src/index.js';
import { normals, words } from './philoxReference.js';

const numbers = (x: Tensor): number[] => Array.from(x.double().toTypedArray(), Number);
const seed = 2 ** 40 + 7;
/** The words of the stream that a function's docstring names. */
const stream = (purpose: bigint, count: number): bigint[] => words(BigInt(seed), purpose, 0n, 3n, count);
/** 53 bits in [0, 1) from each pair of words. */
const pairs = (from: bigint[]): number[] =>
  Array.from({ length: from.length / 2 }, (_, i) => Number((from[2 * i] << 21n) | (from[2 * i + 1] >> 11n)) / 2 ** 53);
const options = { seed, step: 3 };

test('rand has the highest bits of the words of its stream, as many as the dtype holds', () => {
  const from = stream(1n, 2000);
  assert.deepEqual(
    numbers(rand([40, 50], options)),
    from.map((word) => Number(word >> 8n) / 2 ** 24),
  );
  assert.deepEqual(
    numbers(rand([2000], { ...options, dtype: 'bfloat16' })),
    from.map((word) => Number(word >> 24n) / 2 ** 8),
  );
  assert.deepEqual(
    numbers(rand([2000], { ...options, dtype: 'float16' })),
    from.map((word) => Number(word >> 21n) / 2 ** 11),
  );
  assert.deepEqual(numbers(rand([1000], { ...options, dtype: 'float64' })), pairs(from));
});

test('randn has the normals of its stream', () => {
  const expected = normals(BigInt(seed), 2n, 0n, 3n, 1001);
  // Half a unit of float32 at the largest normal, 6.76
  for (const [i, value] of numbers(randn([1001], options)).entries()) assert.ok(Math.abs(value - expected[i]) < 2.5e-7);
});

test('randint and randperm follow the 53-bit uniforms of their streams', () => {
  const uniforms = pairs(stream(3n, 2000));
  assert.deepEqual(
    numbers(randint(-3, 8, [1000], options)),
    uniforms.map((u) => Math.floor(u * 11) - 3),
  );
  const keys = pairs(stream(4n, 200));
  assert.deepEqual(
    numbers(randperm(100, options)),
    [...keys.keys()].sort((a, b) => keys[a] - keys[b]),
  );
});

test('the same seed gives the same bits with any number of threads', () => {
  const before = threads();
  const draw = (): unknown =>
    [rand([40_000], options), randn([40_000], options), randperm(40_000, options)].map(numbers);
  setThreads(1);
  const one = draw();
  setThreads(3);
  assert.deepEqual(draw(), one);
  setThreads(before);
});

test('draws without a seed count themselves from manualSeed on', () => {
  manualSeed(11);
  const drawn = [rand([3]), randn([3]), rand([3])].map(numbers);
  assert.deepEqual(
    drawn,
    [rand([3], { seed: 11 }), randn([3], { seed: 11, step: 1 }), rand([3], { seed: 11, step: 2 })].map(numbers),
  );
  rand([3], { seed: 5 }); // does not count
  assert.deepEqual(numbers(rand([3])), numbers(rand([3], { seed: 11, step: 3 })));
  manualSeed(11);
  assert.deepEqual(numbers(rand([3])), drawn[0]);
});

test('a million draws have the moments of their distribution, and never reach the end', () => {
  const uniform = rand([1_000_000], { seed: 1 });
  // Four standard deviations of each estimate over 10⁶ draws
  assert.ok(Math.abs(uniform.mean().item() - 0.5) < 4 * Math.sqrt(1 / 12) * 1e-3);
  assert.ok(Math.abs(uniform.var().item() - 1 / 12) < 4 * Math.sqrt(1 / 180) * 1e-3);
  for (const dtype of ['float32', 'float16', 'bfloat16'] as const)
    assert.ok(rand([1_000_000], { seed: 1, dtype }).lt(1).all().item() === 1, dtype);
  const counts = Array.from({ length: 10 }, (_, k) => randint(0, 10, [1_000_000], { seed: 2 }).eq(k).sum().item());
  for (const count of counts) assert.ok(Math.abs(count - 1e5) < 4 * Math.sqrt(1e6 * 0.1 * 0.9), String(counts));
});

test('every order of three has the same share', () => {
  const counts = new Map<string, number>();
  const draws = 3000;
  for (let step = 0; step < draws; step++)
    torch.scope(() => {
      const order = randperm(3, { seed: 9, step }).tolist() as number[];
      counts.set(order.join(''), (counts.get(order.join('')) ?? 0) + 1);
    });
  assert.equal(counts.size, 6);
  for (const count of counts.values()) assert.ok(Math.abs(count - draws / 6) < 4 * Math.sqrt((draws * 5) / 36));
});

test('options: dtype, gradient, shapes without elements', () => {
  const x = randn([2, 3], { seed: 1, requiresGrad: true, dtype: 'float64' });
  assert.deepEqual([x.shape, x.dtype, x.requiresGrad], [[2, 3], 'float64', true]);
  assert.deepEqual([rand([0]).size, randperm(0).size, rand([]).shape], [0, 0, []]);
  const widest = randint(-(2 ** 52), 2 ** 52 - 1, [1000], { seed: 3 });
  assert.ok(
    widest
      .abs()
      .le(2 ** 52)
      .all()
      .item() === 1,
  );
});

test('wrong arguments and traces are refused', () => {
  const message = (call: () => unknown, expected: RegExp): void =>
    assert.throws(call, { name: 'TorchError', message: expected });
  message(() => rand([2], { seed: -1 }), /rand: seed must be a whole number from 0 to 9007199254740991; got -1/);
  message(() => randn([2], { seed: 1, step: 2 ** 32 }), /randn: step must be a whole number/);
  message(() => rand([2], { step: 1 }), /rand: step 1 needs a seed/);
  message(() => rand([-1]), /rand: expected sizes that are whole numbers/);
  message(() => rand([2], { dtype: 'int64' }), /rand: expected float32, float64, float16 or bfloat16, got 'int64'/);
  message(() => randint(3, 3, [2]), /randint: expected whole numbers low < high, got 3 and 3/);
  message(() => randint(-(2 ** 53) + 1, 2 ** 53 - 1, [2]), /randint: expected whole numbers/);
  message(() => randperm(1.5), /randperm: expected sizes/);
  // A dtype that cannot hold the numbers would wrap or round them.
  message(
    () => randint(0, 257, [2], { dtype: 'uint8' }),
    /randint: uint8 holds .* 0 to 255, but the draw has 0 to 256/,
  );
  message(() => randint(-1, 2, [2], { dtype: 'bool' }), /randint: bool holds whole numbers from 0 to 1/);
  message(() => randint(0, 2050, [2], { dtype: 'float16' }), /randint: float16 holds .* -2048 to 2048/);
  message(() => randperm(129, { dtype: 'int8' }), /randperm: int8 holds whole numbers from -128 to 127/);
  assert.equal(randint(0, 256, [2], { dtype: 'uint8' }).dtype, 'uint8');
  assert.equal(randperm(128, { dtype: 'int8' }).max().item(), 127);
  message(() => trace(() => randn([2])), /randn: a trace cannot record random numbers/);
});
