import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as torch from '../src/index.js';
import { mpsAvailable, TorchError, tensor, unsafe, zeros } from '../src/index.js';

/** The call raises a TorchError of one line's sense that contains all of `parts`. */
function refuses(call: () => unknown, ...parts: string[]): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof TorchError, String(error));
    for (const part of parts) assert.ok(error.message.includes(part), `"${part}" is not in: ${error.message}`);
    assert.doesNotMatch(error.message, /Exception raised from|frame #|c10::/);
    return true;
  });
}

const x = zeros([2, 3]);
const wrong = (value: unknown): never => value as never;

test('an unknown operator is named, with the overloads that there are', () => {
  refuses(() => unsafe.call('aten::ad', [x]), 'aten::ad: unknown operator');
  refuses(() => unsafe.call('aten::add', [x, x]), 'aten::add: unknown operator; expected one of ', 'aten::add.Tensor');
  refuses(() => unsafe.call('relu', [x]), 'relu: unknown operator');
  refuses(() => unsafe.call('', [x]), 'unknown operator');
  refuses(() => unsafe.call(wrong(5), [x]), 'expected the name of an operator, got 5');
});

test('an operator without its namespace, or in camelCase, is suggested by its full name', () => {
  refuses(() => unsafe.call('topk', [x, 1]), 'topk: unknown operator; did you mean aten::topk?');
  refuses(() => unsafe.call('aten::layerNorm', [x]), 'unknown operator; did you mean aten::layer_norm?');
  refuses(() => unsafe.call('add', [x, x]), 'add: unknown operator; did you mean one of ', 'aten::add.Tensor');
  assert.throws(() => unsafe.call('nothingLikeThis'), /: unknown operator$/);
});

test('wrong counts of arguments', () => {
  refuses(() => unsafe.call('aten::relu', [x, x]), 'aten::relu: expected at most 1 arguments, got 2');
  refuses(() => unsafe.call('aten::add.Tensor', [x]), 'aten::add.Tensor: argument other (Tensor) is missing');
  refuses(() => unsafe.call('aten::relu'), 'argument self (Tensor) is missing');
  refuses(
    () => unsafe.call('aten::add.Tensor', [x], { othr: x }),
    'unknown argument othr; expected one of self, other, alpha',
  );
  refuses(() => unsafe.call('aten::add.Tensor', [x, x], { other: x }), 'argument other is given twice');
});

test('wrong types of arguments', () => {
  refuses(() => x.add(wrong('1')), "argument other must be Scalar, got '1'");
  refuses(() => x.matmul(wrong(2)), 'aten::matmul: argument other must be Tensor, got 2');
  refuses(() => x.matmul(wrong(null)), 'must be Tensor, got null');
  refuses(() => x.matmul(wrong({ shape: [2] })), 'must be Tensor, got [object Object]');
  refuses(() => x.reshape(wrong('2,3')), "aten::reshape: argument shape must be int[], got '2,3'");
  refuses(() => x.reshape(wrong([2, '3'])), "must be int[], got '3'");
  refuses(() => x.reshape(wrong(x)), 'must be int[], got [2, 3] float32');
  refuses(() => torch.cat(wrong(x)), 'argument tensors must be Tensor[], got [2, 3] float32');
  refuses(() => torch.cat(wrong([x, 1])), 'argument tensors must be Tensor[], got 1');
  refuses(() => x.to(wrong('float')), "to: expected a dtype or a device, got 'float'");
  refuses(() => zeros([2], { dtype: wrong('double') }), "argument dtype must be a dtype, got 'double'");
  refuses(() => zeros([2], { device: 'gpu' }), 'expected cpu, cuda, cuda:N or mps as device, got gpu');
  if (!mpsAvailable()) refuses(() => zeros([2]).to('mps'), 'there is no device mps here, which needs macOS');
  refuses(() => x.sum(0, { keepdim: wrong(1) }), 'argument keepdim must be bool, got 1');
  refuses(() => unsafe.call('aten::clone', [x], { memory_format: 'nhwc' }), 'contiguous, preserve, channelsLast');
  refuses(() => unsafe.call('aten::rand', [[2]], { layout: 'dense' }), 'argument layout must be strided');
  refuses(() => unsafe.call('aten::normal_', [x, 0, 1, 5]), 'argument generator must be left out, got 5');
  refuses(() => tensor(wrong([1, 'a'])), 'expected numbers in the nested arrays');
  refuses(() => tensor(wrong(undefined)), 'tensor');
});

test('a wrong argument is told with the shapes and dtypes of all', () => {
  const y = zeros([1, 3]);
  refuses(() => y.matmul(wrong(2)), 'aten::matmul: argument other must be Tensor, got 2 ([1, 3] float32, 2)');
  refuses(() => torch.cat(wrong([y, 1])), 'got 1 ([[1, 3] float32, 1], 0)');
  refuses(() => unsafe.call('aten::add.Tensor', [y]), 'argument other (Tensor) is missing ([1, 3] float32)');
});

test('options that are none are refused', () => {
  const none = wrong(null);
  const expected = 'expected an object of options, got ';
  refuses(() => zeros([2], none), `aten::zeros: ${expected}null`);
  refuses(() => torch.ones([2], wrong(5)), `aten::ones: ${expected}5`);
  refuses(() => tensor([1], none), `tensor: ${expected}null`);
  refuses(() => tensor([1], [1], none), `tensor: ${expected}null`);
  refuses(() => torch.arange(none), 'aten::arange.start_step: argument end must be Scalar, got null');
  refuses(() => torch.arange(1, none), 'argument end must be Scalar, got null');
  refuses(() => unsafe.call('aten::relu', [x], none), `aten::relu: ${expected}null`);
  refuses(() => unsafe.call('aten::relu', none), 'aten::relu: expected a list of arguments, got null');
  refuses(() => unsafe.call(wrong(x), [], none), 'expected the name of an operator');
  const normal = torch.philoxNormal as (...values: unknown[]) => unknown;
  refuses(() => normal(x), `philoxNormal: ${expected}undefined`);
  refuses(() => normal(x, null), `philoxNormal: ${expected}null`);
  refuses(() => normal(x, { samples: 5 }), 'philoxNormal: seed must be a whole number', 'got undefined');
  refuses(() => normal(x, { seed: 1, samples: 5 }), 'philoxNormal: samples must be a list of numbers, got 5');
  refuses(() => normal(null, { seed: 1, samples: [] }), 'philoxNormal: expected a tensor, got null');
});

test('where an integer belongs, NaN, fractions and numbers beyond 2⁵³ are refused', () => {
  for (const value of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
    refuses(() => x.reshape([value]), 'aten::reshape: argument shape must be int[]', String(value));
    refuses(() => x.softmax(value), 'argument dim must be a whole number', String(value));
    refuses(() => zeros([value]), String(value));
    refuses(() => tensor(new Float32Array(1), [value]), 'expected sizes that are whole numbers', String(value));
    refuses(() => torch.manualSeed(value), String(value));
    refuses(() => torch.setThreads(value), String(value));
  }
});

test('negative and huge sizes', () => {
  refuses(() => zeros([-1]), 'aten::zeros', '-1');
  refuses(() => zeros([2 ** 52, 2 ** 10]), 'aten::zeros');
  refuses(() => zeros([2 ** 48]), 'aten::zeros', '281474976710656');
  refuses(() => torch.empty([2 ** 31, 2 ** 31]), 'aten::empty');
  refuses(() => tensor(new Float32Array(1), [-1]), '[-1]');
  refuses(() => x.expand([2 ** 40, 2, 3]).contiguous(), 'aten::contiguous', '1099511627776, 2, 3');
  refuses(() => x.narrow(0, 1, 5), 'aten::narrow', '[2, 3] float32');
  refuses(() => x.select(0, 2), 'aten::select.int', 'out of range');
  refuses(() => x.split(0), 'aten::split');
  refuses(() => x.split(-1), 'aten::split');
  refuses(() => x.chunk(0), 'aten::chunk');
});

test('shapes that do not fit are named, with the operator', () => {
  refuses(() => x.add(zeros([2, 4])), 'aten::add.Tensor', '[2, 3] float32', '[2, 4] float32');
  refuses(() => x.matmul(zeros([2, 3])), 'aten::matmul', '[2, 3] float32, [2, 3] float32');
  refuses(() => x.reshape([4, 2]), 'aten::reshape', '[2, 3] float32, [4, 2]');
  refuses(() => torch.cat([x, zeros([3])]), 'aten::cat', '[[2, 3] float32, [3] float32]');
  refuses(() => torch.layerNorm(x, [4]), 'aten::layer_norm', '[2, 3] float32', '[4]');
  refuses(() => torch.linear(x, zeros([5, 4])), 'aten::linear', '[5, 4] float32');
  refuses(() => torch.conv2d(zeros([1, 3, 4, 4]), zeros([1, 2, 3, 3])), 'aten::conv2d', '[1, 2, 3, 3] float32');
  refuses(
    () => torch.scaledDotProductAttention(zeros([1, 1, 1, 4]), zeros([1, 1, 1, 4]), zeros([1, 1, 2, 4])),
    'k and v must have the same length m ([1, 1, 1, 4] float32, [1, 1, 1, 4] float32, [1, 1, 2, 4] float32)',
  );
  refuses(() => torch.scaledDotProductAttention(x, wrong(null), x), 'null');
  refuses(() => x.permute([0]), 'aten::permute');
  refuses(() => x.transpose(0, 2), 'aten::transpose.int');
  refuses(() => x.sum(5), 'aten::sum.dim_IntList', '5');
  refuses(() => x.item(), 'item');
  refuses(() => x.copy_(zeros([5])), 'aten::copy_', '[5] float32');
});

test('dtypes that do not go together are named', () => {
  refuses(() => x.matmul(zeros([3, 2], { dtype: 'float64' })), 'aten::matmul', '[2, 3] float32', '[3, 2] float64');
  refuses(() => torch.embedding(x, zeros([2])), 'aten::embedding', '[2] float32');
  refuses(() => x.to('int64').mean(), 'aten::mean', 'int64');
  refuses(() => zeros([2], { dtype: 'int64' }).add_(0.5), 'aten::add_.Scalar', '[2] int64, 0.5');
  refuses(() => zeros([2], { dtype: 'int64', requiresGrad: true }), 'requiresGrad');
  refuses(() => torch.where(x, x, x), 'aten::where');
});

test('a disposed tensor answers with an error wherever it is used', () => {
  const gone = zeros([2]);
  gone.dispose();
  gone.dispose();
  assert.ok(gone.disposed);
  refuses(() => gone.add(1), 'aten::add.Scalar: argument self: the tensor was disposed');
  refuses(() => x.add(gone), 'argument other: the tensor was disposed');
  refuses(() => torch.cat([x, gone]), 'argument tensors: the tensor was disposed');
  for (const use of [
    () => gone.shape,
    () => gone.dtype,
    () => gone.device,
    () => gone.requiresGrad,
    () => (gone.requiresGrad = true),
    () => gone.grad,
    () => gone.item(),
    () => gone.toTypedArray(),
    () => gone.shareTypedArray(),
    () => gone.backward(),
    () => (x.grad = gone),
    () => torch.gradients([gone], [x]),
    () => torch.keep(gone),
  ]) {
    refuses(use, 'the tensor was disposed');
  }
  assert.equal(String(gone), 'Tensor (disposed)');
  // It says how that comes about, and how to prevent it
  for (const use of [() => gone.add(1), () => gone.shape]) refuses(use, 'a scope frees', 'returns', 'keep()');
});

test('a device that is not there is refused in one sentence', { skip: torch.cudaAvailable() }, () => {
  const absent = "there is no CUDA device here; use 'cpu', or ask cudaAvailable() before";
  refuses(() => zeros([2], { device: 'cuda' }), absent);
  refuses(() => tensor([1], { device: 'cuda:1' }), absent);
  refuses(() => torch.rand([2], { device: 'cuda' }), absent);
  refuses(() => x.to('cuda:3'), 'aten::to', absent);
  refuses(() => unsafe.call('aten::zeros', [[2]], { device: 'cuda' }), absent);
  refuses(() => torch.memory('cuda'), 'memory', absent);
  refuses(() => torch.memory('tpu'), 'memory', 'tpu');
});

test('an error inside libtorch leaves everything as it was', () => {
  const before = torch.memory().tensors;
  for (let i = 0; i < 100; i++) refuses(() => x.matmul(x));
  assert.equal(torch.memory().tensors, before);
  assert.deepEqual(x.add(1).toTypedArray(), new Float32Array(6).fill(1));
});
