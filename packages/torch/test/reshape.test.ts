// Reshapes that copy: the addon copies tensors whose axes were exchanged in its own way (native/reshape.cc).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dtype, gradients, runtime, setThreads, type Tensor, tensor } from '../src/index.js';
import { native } from '../src/native.js';

/** sizes of a tensor, an order of its axes, and a shape for the result */
const cases: [sizes: number[], order: number[], shape: number[]][] = [
  [
    [2, 3, 4, 2, 5, 3],
    [0, 2, 4, 3, 5, 1],
    [2, 20, 18],
  ], // patches of a picture
  [
    [2, 4, 5, 2, 3, 3],
    [0, 5, 1, 3, 2, 4],
    [2, 3, 8, 15],
  ], // and back
  [
    [2, 3, 2, 2, 3, 2, 2, 4],
    [0, 2, 4, 6, 3, 5, 7, 1],
    [2, 12, 48],
  ], // patches of a clip
  [[7, 5, 3], [2, 1, 0], [105]],
  [
    [40, 30, 50],
    [2, 0, 1],
    [50, 1200],
  ],
];

const values = (sizes: readonly number[], dtype: Dtype): Tensor => {
  const count = sizes.reduce((product, size) => product * size, 1);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => i % 251),
    sizes,
  ).to(dtype);
};

test('a reshape of exchanged axes has each element in its place, for every dtype and number of threads', () => {
  const { threads } = runtime();
  for (const [sizes, order, shape] of cases)
    for (const dtype of ['float32', 'bfloat16', 'float64', 'int32', 'uint8', 'bool'] as const)
      for (const count of [1, 3]) {
        const x = values(sizes, dtype).permute(order);
        setThreads(count);
        const found = x.reshape(shape);
        setThreads(threads);
        const before = native.setReplacement('aten::reshape', false);
        const expected = x.reshape(shape);
        native.setReplacement('aten::reshape', before === 1);
        assert.deepEqual(found.shape, shape);
        assert.equal(found.dtype, dtype);
        assert.deepEqual(found.double().toTypedArray(), expected.double().toTypedArray());
      }
});

test('a reshape that needs no copy stays a view, and one that copies does not', () => {
  const x = values([4, 6, 2], 'float32');
  x.reshape([24, 2]).fill_(1);
  assert.equal(x.sum().item(), 48);
  x.permute([2, 1, 0]).reshape([48]).fill_(2);
  assert.equal(x.sum().item(), 48);
});

test('a reshape with −1, of nothing, and to a wrong size is as ever', () => {
  const x = values([4, 6, 2], 'float32').permute([2, 1, 0]);
  assert.deepEqual(x.reshape([-1, 4]).shape, [12, 4]);
  assert.deepEqual(values([4, 0, 2], 'float32').permute([2, 1, 0]).reshape([0, 3]).shape, [0, 3]);
  assert.throws(() => x.reshape([5, 5]), /aten::reshape: .*invalid for input of size 48/);
});

test('a reshape has gradients', () => {
  const x = values([2, 3, 4], 'float32');
  x.requiresGrad = true;
  const y = x.permute([2, 1, 0]).reshape([24]);
  const [found] = gradients([y], [x], { gradOutputs: [values([24], 'float32')] }) as Tensor[];
  assert.deepEqual(
    Array.from(found.permute([2, 1, 0]).contiguous().toTypedArray(), Number),
    Array.from({ length: 24 }, (_, i) => i),
  );
});
