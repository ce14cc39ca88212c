import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  batchAxes,
  cat,
  gradients,
  Linear,
  linear,
  Module,
  memory,
  ones,
  scope,
  type Tensor,
  TorchError,
  type TracedTensor,
  tensor,
  trace,
  unsafe,
  zeros,
} from '../src/index.js';

test('a trace records operators with inputs and outputs, by number, shape and dtype', () => {
  const [x, w] = [ones([2, 3]), ones([4, 3])];
  const { calls, result, idOf } = trace(() => linear(x, w).relu());
  assert.deepEqual(result.shape, [2, 4]);
  const t = (id: number, shape: number[]): TracedTensor => ({ id, shape, dtype: 'float32' });
  assert.deepEqual(calls, [
    {
      module: '',
      operator: 'aten::linear',
      inputs: [t(0, [2, 3]), t(1, [4, 3]), null],
      names: ['input', 'weight', 'bias'],
      outputs: [t(2, [2, 4])],
    },
    { module: '', operator: 'aten::relu', inputs: [t(2, [2, 4])], names: ['self'], outputs: [t(3, [2, 4])] },
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
  assert.deepEqual(calls[3].inputs.slice(1), [[0, 1], true, null]);
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
  refused(async () => x.add(1), /trace: the function returned a promise; calls after an await/);
  refused(() => x.sum().backward(), /backward: a trace records a forward pass only/);
  refused(() => gradients([x.sum()], [x]), /gradients: a trace records a forward pass only/);
});

test('an argument that was left out has its default, under the name that the schema gives it', () => {
  const x = ones([1, 1, 4, 4]);
  const { calls } = trace(() => {
    unsafe.call('aten::conv2d', [x, x], { padding: 1 });
    x.contiguous();
    unsafe.call('aten::rand', [[2]], { dtype: 'float64' });
    unsafe.call('aten::max_pool2d', [x, 2]);
  });
  const named = ({ names, inputs }: (typeof calls)[number]) =>
    Object.fromEntries(names.map((name, i) => [name, inputs[i]] as const));
  const [{ input: _, weight: __, ...conv2d }, { self: ___, ...contiguous }, rand, { self: ____, ...pool }] =
    calls.map(named);
  assert.deepEqual(conv2d, { bias: null, stride: [1, 1], padding: 1, dilation: [1, 1], groups: 1 });
  assert.deepEqual(contiguous, { memory_format: 'contiguous' });
  assert.deepEqual(rand, { size: [2], dtype: 'float64', layout: null, device: null, pin_memory: null });
  assert.deepEqual(pool, { kernel_size: 2, stride: [], padding: [0, 0], dilation: [1, 1], ceil_mode: false });
});

test('a trace keeps the tensors that no recorded call made, constants of an inner scope too', () => {
  const [x, weight] = [tensor([1, 2]), tensor([3, 4])];
  const before = memory().tensors;
  const made = trace(() =>
    scope(() => {
      using constant = tensor([10, 20]);
      return x.mul(weight).add(constant).add(x);
    }),
  );
  assert.deepEqual(
    Array.from(made.captured, ([id, kept]) => [id, [...kept.toTypedArray()]]),
    [
      [0, [1, 2]],
      [1, [3, 4]],
      [3, [10, 20]],
    ],
  );
  assert.deepEqual([x, weight].map(made.idOf), [0, 1]);
  assert.deepEqual(
    made.calls.map(({ operator }) => operator),
    ['aten::mul.Tensor', 'aten::add.Tensor', 'aten::add.Tensor'],
  );
  x.fill_(7);
  assert.deepEqual([...(made.captured.get(0)?.toTypedArray() ?? [])], [7, 7]); // no copy
  scope(() => assert.equal(made.captured.get(0)?.disposed, false));
  made.dispose();
  made.dispose();
  made.result.dispose();
  assert.deepEqual(
    [...made.captured.values()].map(({ disposed }) => disposed),
    [true, true, true],
  );
  assert.equal(memory().tensors, before);
  assert.throws(() =>
    trace(() => {
      x.add(1).dispose();
      throw new Error('on purpose');
    }),
  );
  assert.equal(memory().tensors, before);
});

test('with a root, each call has the path of the module that made it, and the modules are as before', () => {
  class Block extends Module {
    readonly innerLayer = new Linear(3, 3);
    readonly #shift = ones([3]);
    forward(x: Tensor): Tensor {
      return this.#add(this.innerLayer.forward(x).relu());
    }
    #add(x: Tensor): Tensor {
      return x.add(this.#shift);
    }
    fail(): never {
      throw new Error('on purpose');
    }
  }
  class Network extends Module {
    readonly blocks = [new Block(), new Block()];
    forward(x: Tensor): Tensor {
      return this.blocks.reduce((y, block) => block.forward(y), x).mul(2);
    }
  }
  const network = new Network();
  const x = ones([2, 3]);
  const labels = (body: () => unknown) =>
    trace(body, { root: network }).calls.map(({ module, operator }) => [module, operator]);
  const block = (i: number) => [
    [`blocks.${i}.inner_layer`, 'aten::linear'],
    [`blocks.${i}`, 'aten::relu'],
    [`blocks.${i}`, 'aten::add.Tensor'],
  ];
  const whole = [...block(0), ...block(1), ['', 'aten::mul.Scalar']];
  assert.deepEqual(
    labels(() => network.forward(x)),
    whole,
  );
  const afterError = () => {
    try {
      network.blocks[0].fail();
    } catch {
      return x.add(1);
    }
  };
  assert.deepEqual(labels(afterError), [['', 'aten::add.Scalar']]);
  assert.throws(() => labels(() => network.blocks[0].fail()), /on purpose/);
  assert.equal(Object.hasOwn(network, 'forward') || Object.hasOwn(network.blocks[0], 'forward'), false);
  assert.deepEqual(
    trace(() => network.forward(x)).calls.map(({ module }) => module),
    whole.map(() => ''),
  );
});

test('two traces, with 2 and 3 samples, tell which axis of each tensor is the batch', () => {
  const weight = ones([4, 3]);
  const pass = (batch: number) =>
    trace(() => {
      const x = ones([batch, 5, 3]);
      const y = linear(x, weight).transpose(0, 1); // [5, B, 4]
      return cat([y.reshape([-1, 4]), zeros([1, 4])]).unsqueeze(0); // [1, 5·B + 1, 4]
    });
  using two = pass(2);
  using three = pass(3);
  const axes = batchAxes(two, three);
  const outputs = two.calls.map(({ operator, outputs }) => [operator, axes.get((outputs[0] as TracedTensor).id)]);
  assert.deepEqual(outputs, [
    ['aten::ones', 0],
    ['aten::linear', 0],
    ['aten::transpose.int', 1],
    ['aten::reshape', 0],
    ['aten::zeros', undefined],
    ['aten::cat', 0],
    ['aten::unsqueeze', 1],
  ]);
  assert.equal(axes.has(two.idOf(weight) ?? -1), false);
  const refused = (first: () => unknown, second: () => unknown, message: RegExp) =>
    assert.throws(
      () => batchAxes(trace(first), trace(second)),
      (error: Error) => error instanceof TorchError && message.test(error.message),
    );
  refused(
    () => ones([2]),
    () => ones([2]).add(1),
    /the traces have 1 and 2 calls; trace the same pass with 2 and/,
  );
  refused(
    () => ones([2]).add(1),
    () => ones([2]).mul(1),
    /call 1 is aten::add\.Scalar in one trace and aten::mul\.Scalar in the other/,
  );
  refused(
    () => ones([2]),
    () => ones([2, 1]),
    /call 0, aten::ones, has different tensors in the two traces/,
  );
  refused(
    () => ones([2, 2]),
    () => ones([3, 3]),
    /tensor 0 of call 0, aten::ones, is \[2, 2\] and \[3, 3\]/,
  );
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
