import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arange, full, ones, type Tensor, tensor, unsafe, zeros } from '../src/index.js';

const values = (result: unknown): number[] => [...(result as Tensor).toTypedArray()].map(Number);
const x = tensor([
  [1, 5, 3],
  [4, 2, 6],
]);

test('defaults are the schema’s, and arguments come by position or by name', () => {
  const y = ones([2, 3]);
  assert.deepEqual(values(unsafe.call('aten::add.Tensor', [x, y])), [2, 6, 4, 5, 3, 7]);
  assert.deepEqual(values(unsafe.call('aten::add.Tensor', [x, y, 10])), [11, 15, 13, 14, 12, 16]);
  assert.deepEqual(values(unsafe.call('aten::add.Tensor', [x], { alpha: 10, other: y })), [11, 15, 13, 14, 12, 16]);
  assert.deepEqual(values(unsafe.call('aten::add.Tensor', [x, y, undefined])), [2, 6, 4, 5, 3, 7]);
});

test('optional arguments take null', () => {
  assert.deepEqual(values(unsafe.call('aten::clamp', [x, null, 3])), [1, 3, 3, 3, 2, 3]);
  assert.deepEqual(values(unsafe.call('aten::clamp', [x], { max: 3 })), [1, 3, 3, 3, 2, 3]);
  assert.equal((unsafe.call('aten::sum.dim_IntList', [x, null]) as Tensor).item(), 21);
  assert.throws(() => unsafe.call('aten::relu', [null]), /must be Tensor, got null/);
});

test('several results come as a list', () => {
  const [top, indices] = unsafe.call('aten::topk', [x, 2]) as Tensor[];
  assert.deepEqual(values(top), [5, 3, 6, 4]);
  assert.equal(indices.dtype, 'int64');
  assert.deepEqual(values(indices), [1, 2, 2, 0]);
  const [normed, mean, deviation] = unsafe.call('aten::native_layer_norm', [x, [3], null, null, 0]) as Tensor[];
  assert.deepEqual(
    [normed.shape, mean.shape, deviation.shape],
    [
      [2, 3],
      [2, 1],
      [2, 1],
    ],
  );
});

test('in-place variants give back the very tensor; so do out variants', () => {
  const y = ones([3]);
  assert.equal(unsafe.call('aten::mul_.Scalar', [y, 3]), y);
  const out = zeros([0]);
  assert.deepEqual(out.shape, [0]);
  const result = unsafe.call('aten::add.out', [y, y], { out });
  assert.equal(result, out);
  assert.deepEqual(out.shape, [3]);
  assert.deepEqual(values(out), [6, 6, 6]);
  const [max, at] = [zeros([0]), zeros([0], { dtype: 'int64' })];
  const both = unsafe.call('aten::max.dim_max', [x, 1], { max, max_values: at }) as Tensor[];
  assert.equal(both[0], max);
  assert.equal(both[1], at);
  assert.deepEqual(
    [values(max), values(at)],
    [
      [5, 6],
      [1, 2],
    ],
  );
  unsafe.call('aten::resize_', [y, [2, 2]]);
  assert.deepEqual(y.shape, [2, 2]);
});

test('lists of tensors, also with holes, and in place', () => {
  assert.deepEqual(values(unsafe.call('aten::cat', [[x, x], 1])).length, 12);
  const row = tensor([1, 0], { dtype: 'int64' });
  const column = tensor([2, 2], { dtype: 'int64' });
  assert.deepEqual(values(unsafe.call('aten::index.Tensor', [x, [row, column]])), [6, 3]);
  assert.deepEqual(values(unsafe.call('aten::index.Tensor', [x, [null, column]])), [3, 3, 6, 6]);
  const list = [ones([2]), zeros([3])];
  assert.equal(unsafe.call('aten::_foreach_add_.Scalar', [list, 2]), undefined);
  assert.deepEqual(list.map(values), [
    [3, 3],
    [2, 2, 2],
  ]);
  const sums = unsafe.call('aten::_foreach_add.ScalarList', [list, [1, 2]]) as Tensor[];
  assert.deepEqual(sums.map(values), [
    [4, 4],
    [4, 4, 4],
  ]);
  assert.throws(() => unsafe.call('aten::_foreach_norm.Scalar', [[]]), /at least one tensor/);
});

test('what one handle changes in place, another of the same tensor shows too', () => {
  const a = ones([2, 3]);
  const b = a.contiguous();
  assert.deepEqual([b.shape, b.dtype], [[2, 3], 'float32']);
  unsafe.call('aten::set_data', [a, ones([4], { dtype: 'float64' })]);
  assert.deepEqual([b.shape, b.dtype], [[4], 'float64']);
  assert.deepEqual(b.shareTypedArray(), new Float64Array(4).fill(1));
});

test('dtypes, devices, layouts and memory formats go by name', () => {
  const y = unsafe.call('aten::rand', [[2, 2]], {
    dtype: 'float64',
    layout: 'strided',
    device: 'cpu',
    pin_memory: false,
  });
  assert.equal((y as Tensor).dtype, 'float64');
  const image = zeros([1, 2, 3, 3]);
  const last = unsafe.call('aten::contiguous', [image], { memory_format: 'channelsLast' });
  assert.equal(unsafe.call('aten::stride.int', [last, 1]), 1);
  assert.equal((unsafe.call('aten::sum', [x], { dtype: 'float64' }) as Tensor).dtype, 'float64');
});

test('numbers, booleans, strings and lists of numbers come back as such', () => {
  assert.equal(unsafe.call('aten::size.int', [x, 1]), 3);
  assert.equal(unsafe.call('aten::is_same_size', [x, x]), true);
  assert.equal(unsafe.call('aten::result_type.Tensor', [x, ones([1], { dtype: 'float64' })]), 'float64');
  assert.equal(unsafe.call('aten::item', [ones([1])]), 1);
});

test('a length-2 list takes one number for both', () => {
  const image = arange(16).reshape([1, 1, 4, 4]);
  assert.deepEqual(values(unsafe.call('aten::avg_pool2d', [image, 2])), [2.5, 4.5, 10.5, 12.5]);
  assert.deepEqual(values(unsafe.call('aten::avg_pool2d', [image, [4, 2]])), [6.5, 8.5]);
  assert.throws(() => unsafe.call('aten::sum.dim_IntList', [x, zeros([1])]), /argument dim must be int\[\]/);
});

test('a whole number stays whole against integers, as in PyTorch', () => {
  const integers = tensor([1, 2], { dtype: 'int64' });
  assert.equal(integers.add(1).dtype, 'int64');
  assert.equal(integers.add(1.5).dtype, 'float32');
  assert.equal(integers.div(2).dtype, 'float32');
  assert.equal(integers.gt(1).add(1).dtype, 'int64');
  assert.equal(x.add(1).dtype, 'float32');
  assert.equal(x.to('bfloat16').mul(2).dtype, 'bfloat16');
  const large = unsafe.call('aten::add.Scalar', [integers, 2n ** 62n]) as Tensor;
  assert.deepEqual(large.toTypedArray(), new BigInt64Array([2n ** 62n + 1n, 2n ** 62n + 2n]));
  assert.throws(() => unsafe.call('aten::add.Scalar', [integers, 2n ** 64n]), /an integer of 64 bits/);
  // Also a number before the tensor, beside a list of tensors, and beyond 2⁵³.
  assert.deepEqual((unsafe.call('aten::pow.Scalar', [2, integers]) as Tensor).toTypedArray(), BigInt64Array.of(2n, 4n));
  const [first] = unsafe.call('aten::_foreach_add.Scalar', [[integers], 1]) as Tensor[];
  assert.equal(first.dtype, 'int64');
  assert.deepEqual(
    tensor(BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n))
      .eq(2 ** 60)
      .tolist(),
    [true, false],
  );
});

test('a value that no number can hold is refused, not rounded', () => {
  const large = tensor(BigInt64Array.of(2n ** 53n + 1n));
  assert.throws(() => large.item(), /a number cannot hold 9007199254740993 exactly; use toTypedArray\(\)/);
  assert.throws(() => unsafe.call('aten::item', [large]), /cannot hold 9007199254740993 exactly/);
  assert.equal(tensor(BigInt64Array.of(2n ** 53n - 1n)).item(), 2 ** 53 - 1);
  const complex = unsafe.call('aten::complex', [full([], 2.5), zeros([])]) as Tensor;
  assert.throws(() => complex.item(), /a number cannot hold a complex value/);
});
