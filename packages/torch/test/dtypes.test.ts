import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arange,
  type DataArray,
  type Dtype,
  empty,
  full,
  ones,
  storableDtype,
  TorchError,
  tensor,
  unsafe,
  zeros,
} from '../src/index.js';

const arrays: [Dtype, DataArray][] = [
  ['float32', new Float32Array([0, -0, 1.5, 1e-45, Number.NaN, Number.NEGATIVE_INFINITY])],
  ['float64', new Float64Array([0.1, -1e308, 5e-324, Number.NaN])],
  ['float16', Uint16Array.from({ length: 65_536 }, (_, i) => i)],
  ['bfloat16', Uint16Array.from({ length: 65_536 }, (_, i) => i)],
  ['int64', new BigInt64Array([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n])],
  ['int32', new Int32Array([0, -1, 2 ** 31 - 1, -(2 ** 31)])],
  ['int16', new Int16Array([-32_768, 32_767])],
  ['int8', new Int8Array([-128, 127])],
  ['uint8', new Uint8Array([0, 255])],
  ['bool', new Uint8Array([0, 1, 1])],
];

for (const [dtype, array] of arrays) {
  test(`${dtype}: every bit comes back from a tensor`, () => {
    const made = tensor(array, [array.length], { dtype });
    assert.equal(made.dtype, dtype);
    const back = made.toTypedArray();
    assert.equal(back.constructor, array.constructor);
    assert.deepEqual(new Uint8Array(back.buffer), new Uint8Array(array.buffer));
    assert.deepEqual(made.clone().toTypedArray(), back);
  });
}

/** A float16 by its definition: sign, 5 bits of exponent, 10 of fraction. */
function float16(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

test('only MPS has no float64', () => {
  assert.equal(storableDtype('float64', 'mps'), 'float32');
  assert.equal(storableDtype('bfloat16', 'mps'), 'bfloat16');
  for (const device of ['cpu', 'cuda:0'] as const) assert.equal(storableDtype('float64', device), 'float64');
});

test('the bits of float16 and bfloat16 mean what their formats say, for all 65,536', () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const half = tensor(bits, [65_536], { dtype: 'float16' }).float().toTypedArray();
  const brain = tensor(bits, [65_536], { dtype: 'bfloat16' }).float().toTypedArray();
  const widened = new Float32Array(Uint32Array.from(bits, (word) => word << 16).buffer);
  for (let i = 0; i < 65_536; i++) {
    assert.ok(Object.is(half[i], float16(i)), `float16 ${i}`);
    assert.ok(Object.is(brain[i], widened[i]), `bfloat16 ${i}`);
  }
});

test('a float rounds to the nearest bfloat16 and float16, ties to even', () => {
  const values = tensor([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 65_504, 65_520, 1e-8]);
  assert.deepEqual([...values.to('bfloat16').toTypedArray()].slice(0, 3), [0x3f80, 0x3f80, 0x3f82]);
  assert.deepEqual([...values.to('float16').toTypedArray()].slice(3), [0x7bff, 0x7c00, 0]);
});

test('a typed array gives its own dtype; a plain Uint8Array is uint8, and 16-bit floats must be named', () => {
  assert.equal(tensor(new Float64Array(2)).dtype, 'float64');
  assert.equal(tensor(new BigInt64Array(2)).dtype, 'int64');
  assert.equal(tensor(new Uint8Array(2)).dtype, 'uint8');
  assert.throws(() => tensor(new Uint16Array(2)), /float16 or bfloat16/);
  assert.throws(() => tensor(new Float32Array(2), [2], { dtype: 'float64' }), /a Float32Array cannot hold float64/);
  assert.throws(() => tensor(new Uint32Array(2) as never), /a Uint32Array has no matching dtype/);
});

test('a tensor has its own copy: neither a change nor a transfer of the array reaches it', () => {
  const array = new Float32Array([1, 2]);
  const made = tensor(array);
  array[0] = 9;
  structuredClone(array.buffer, { transfer: [array.buffer] });
  assert.deepEqual(made.toTypedArray(), new Float32Array([1, 2]));
});

test('any byte but 0 is true in a bool', () => {
  const made = tensor(new Uint8Array([0, 2, 255]), [3], { dtype: 'bool' });
  assert.deepEqual(made.toTypedArray(), new Uint8Array([0, 1, 1]));
  assert.equal(made.float().sum().item(), 2);
});

test('nested arrays give shape and elements; [] of shape is one number', () => {
  const made = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.deepEqual(made.shape, [2, 3]);
  assert.equal(made.select(0, 1).select(0, 2).item(), 6);
  assert.deepEqual(tensor(7).shape, []);
  assert.deepEqual(tensor([[], []]).shape, [2, 0]);
  assert.deepEqual(
    tensor([2 ** 53 - 1], undefined, { dtype: 'int64' }).toTypedArray(),
    new BigInt64Array([2n ** 53n - 1n]),
  );
  assert.equal(tensor([1], { dtype: 'int32' }).dtype, 'int32');
  assert.throws(() => tensor([[1, 2], [3]]), /nested arrays must have equal shapes, got \[2\] and \[1\]/);
  assert.throws(() => tensor([1.5], { dtype: 'int64' }), /whole numbers from .* for int64, got 1\.5/);
  assert.throws(() => tensor(new Float32Array(5), [2, 3]), /5 elements do not fill the shape \[2, 3\], which has 6/);
});

test('zeros, ones, full, empty and arange have the shape, dtype and values asked for', () => {
  assert.deepEqual(zeros([2, 2]).toTypedArray(), new Float32Array(4));
  assert.deepEqual(ones([3], { dtype: 'int32' }).toTypedArray(), new Int32Array([1, 1, 1]));
  assert.deepEqual(full([2], -3, { dtype: 'int64' }).toTypedArray(), new BigInt64Array([-3n, -3n]));
  assert.deepEqual(full([1], 0.1).toTypedArray(), new Float32Array([0.1]));
  assert.deepEqual(empty([4, 0, 2]).shape, [4, 0, 2]);
  assert.deepEqual([...arange(3).toTypedArray()], [0, 1, 2]);
  assert.deepEqual([...arange(1, 3).toTypedArray()], [1, 2]);
  assert.deepEqual([...arange(5, 0, -2).toTypedArray()], [5, 3, 1]);
  assert.deepEqual([...arange(3, undefined).toTypedArray()], [0, 1, 2]);
  assert.deepEqual(arange(2, { dtype: 'int64' }).toTypedArray(), new BigInt64Array([0n, 1n]));
  assert.equal(zeros([1], { requiresGrad: true }).requiresGrad, true);
  assert.equal(zeros([1], { device: 'cpu' }).device, 'cpu');
});

test('a dtype that has no typed array is named, and not copied', () => {
  const complex = unsafe.call('aten::complex', [tensor([1]), tensor([2])]) as ReturnType<typeof tensor>;
  assert.match(complex.dtype, /^type \d+$/);
  assert.throws(() => complex.toTypedArray(), TorchError);
  assert.throws(() => complex.shareTypedArray(), TorchError);
});

test('nested numbers that an integer dtype cannot hold are refused, with the number and the range', () => {
  const ranges: [Dtype, number, number][] = [
    ['uint8', 0, 255],
    ['int8', -128, 127],
    ['int16', -32_768, 32_767],
    ['int32', -2_147_483_648, 2_147_483_647],
    ['int64', -9_007_199_254_740_991, 9_007_199_254_740_991],
  ];
  for (const [dtype, low, high] of ranges) {
    assert.deepEqual(Array.from(tensor([low, high], { dtype }).toTypedArray(), Number), [low, high]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, low - 1, high + 1]) {
      assert.throws(
        () => tensor([[0], [value]], { dtype }),
        (error: unknown) =>
          error instanceof TorchError &&
          error.message === `tensor: expected whole numbers from ${low} to ${high} for ${dtype}, got ${value}`,
      );
    }
  }
});

test('of nested numbers every one but 0 is true in a bool, as in PyTorch', () => {
  const made = tensor([0, -0, 1, 2, 256, 0.5, -1, Number.NaN], { dtype: 'bool' });
  assert.deepEqual(made.toTypedArray(), new Uint8Array([0, 0, 1, 1, 1, 1, 1, 1]));
});
