import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cat, gradients, linear, ones, scope, TorchError, type TracedTensor, trace, unsafe } from '../src/index.js';

test('a trace records operators with inputs and outputs, by number, shape and dtype', () => {
  const [x, w] = [ones([2, 3]), ones([4, 3])];
  const { calls, result, idOf } = trace(() => linear(x, w).relu());
  assert.deepEqual(result.shape, [2, 4]);
  const t = (id: number, shape: number[]): TracedTensor => ({ id, shape, dtype: 'float32' });
  assert.deepEqual(calls, [
    { operator: 'aten::linear', inputs: [t(0, [2, 3]), t(1, [4, 3]), null], outputs: [t(2, [2, 4])] },
    { operator: 'aten::relu', inputs: [t(2, [2, 4])], outputs: [t(3, [2, 4])] },
  ]);
  assert.deepEqual([x, w, result].map(idOf), [0, 1, 3]);
  assert.equal(idOf(ones([1])), undefined);
});

test('numbers, lists and several outputs are recorded as they are', () => {
  const x = ones([4, 2]);
  const { calls } = trace(() => cat(x.split(2), 1).reshape([2, 4]).sum([0, 1], { keepdim: true }));
  assert.deepEqual(
    calls.map(({ operator }) => operator),
    ['aten::split.Tensor', 'aten::cat', 'aten::reshape', 'aten::sum.dim_IntList'],
  );
  const parts = [1, 2].map((id) => ({ id, shape: [2, 2], dtype: 'float32' }));
  assert.deepEqual(calls[0].outputs, [parts]);
  assert.deepEqual(calls[1].inputs, [parts, 1]);
  assert.deepEqual(calls[3].inputs.slice(1), [[0, 1], true]);
});

test('scopes inside a trace do not confuse its numbers', () => {
  const x = ones([2]);
  const { calls } = trace(() => {
    for (let i = 0; i < 3; i++) scope(() => x.add(i).mul(2));
  });
  const ids = calls.map(({ outputs }) => (outputs[0] as TracedTensor).id);
  assert.deepEqual(ids, [1, 2, 3, 4, 5, 6]);
});

test('what a record could not tell is refused: in-place operators, item, backward, gradients, promises', () => {
  const x = ones([2], { requiresGrad: true });
  const refused = (body: () => unknown, message: RegExp): void => {
    assert.throws(
      () => trace(body),
      (error: Error) => error instanceof TorchError && message.test(error.message),
    );
  };
  refused(() => x.detach().add_(1), /aten::add_\.Scalar: changes a tensor in place/);
  refused(() => unsafe.call('aten::add.out', [x, x], { out: ones([2]) }), /in place/);
  refused(() => unsafe.call('aten::_foreach_add_.Scalar', [[x], 1]), /in place/);
  refused(() => x.sum().item(), /item: a trace cannot record/);
  refused(() => x.toTypedArray(), /toTypedArray: a trace cannot record/);
  refused(async () => x.add(1), /trace: the function returned a promise; what comes after an await/);
  refused(() => x.sum().backward(), /backward: a trace records a forward pass only/);
  refused(() => gradients([x.sum()], [x]), /gradients: a trace records a forward pass only/);
});

test('after a trace, also one that failed, nothing is observed any more', () => {
  assert.throws(() => trace(() => assert.fail('on purpose')), /on purpose/);
  assert.equal(ones([1]).add_(1).item(), 2);
  const outer = trace(() => {
    const inner = trace(() => ones([1]));
    assert.equal(inner.calls.length, 1);
    return ones([2]);
  });
  assert.equal(outer.calls.length, 1);
});
