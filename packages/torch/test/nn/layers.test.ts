import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  Conv,
  Embedding,
  GroupNorm,
  type Layer,
  LayerNorm,
  Linear,
  noGrad,
  Sequential,
  type Tensor,
  TorchError,
  tensor,
  workableDtype,
  zeros,
} from '../../src/index.js';

// pytorch.py wrote pytorch.json, and says the same of inputs and parameters.
type Result = { shape: number[]; y: number[]; 'x.grad': number[] } & Record<string, number[]>;
const { results } = JSON.parse(readFileSync(new URL('../../../test/nn/pytorch.json', import.meta.url), 'utf8')) as {
  results: Record<string, Result>;
};

function of(shape: readonly number[], salt: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => (((37 * i + 11 * salt) % 23) - 11) / 16),
    shape,
  );
}

function near(found: Tensor | null, expected: readonly number[], what: string): void {
  const values = found?.detach().toTypedArray() ?? [];
  assert.equal(values.length, expected.length, what);
  for (const [i, value] of values.entries()) {
    // Sums of some ten products of magnitude 1, in any order: 1e-5 is about a hundred units in the last place.
    assert.ok(Math.abs(Number(value) - expected[i]) < 1e-5, `${what}[${i}]: ${value}, PyTorch ${expected[i]}`);
  }
}

function compare(name: string, layer: Layer, x: Tensor): void {
  const { shape, y: outputs, ...gradients } = results[name];
  const parameters = layer.parameters();
  const own = Object.keys(gradients).filter((key) => key !== 'x.grad');
  assert.deepEqual(Object.keys(parameters).sort(), own.sort(), `${name}: names of the parameters`);
  noGrad(() => {
    for (const [i, value] of Object.values(parameters).entries()) value.copy_(of(value.shape, i + 1));
  });
  const y = layer.forward(x);
  assert.deepEqual(y.shape, shape, name);
  near(y, outputs, name);
  y.mul(of(shape, 7)).sum().backward();
  if (gradients['x.grad']) near(x.grad, gradients['x.grad'], `${name}: gradient of x`);
  for (const key of own) near(parameters[key].grad, gradients[key], `${name}: gradient of ${key}`);
}

const layers: Record<string, [Layer, shape: number[]]> = {
  linear: [new Linear(4, 3), [2, 3, 4]],
  linearWithoutBias: [new Linear(4, 3, { bias: false }), [2, 4]],
  layerNorm: [new LayerNorm(5), [2, 3, 5]],
  layerNormEps: [new LayerNorm(5, { eps: 0.1 }), [2, 5]],
  groupNorm: [new GroupNorm(2, 6, { eps: 0.01 }), [2, 6, 3, 2]],
  conv1d: [new Conv(2, 3, [3], { stride: 2, padding: 1 }), [2, 2, 7]],
  conv2d: [new Conv(4, 6, [3, 2], { stride: [1, 2], padding: [1, 0], groups: 2 }), [2, 4, 4, 5]],
  conv3d: [new Conv(2, 2, [1, 2, 3], { padding: 1, bias: false }), [1, 2, 2, 3, 3]],
  sequential: [new Sequential(new Linear(2, 4), (x) => x.tanh(), new Linear(4, 1)), [3, 2]],
};

for (const [name, [layer, shape]] of Object.entries(layers)) {
  test(`${name}: outputs, gradients and names of parameters are PyTorch's`, () => {
    const x = of(shape, 0);
    x.requiresGrad = true;
    compare(name, layer, x);
  });
}

test("embedding: rows and the gradient of the table are PyTorch's, for int64 and int32", () => {
  const rows = [
    [4, 0, 4],
    [2, 2, 1],
  ];
  for (const dtype of ['int64', 'int32'] as const) compare('embedding', new Embedding(5, 3), tensor(rows, { dtype }));
});

test('Linear.together gives the outputs of its layers, one after the other, and their gradients', () => {
  const [a, b] = [new Linear(4, 3), new Linear(4, 2)];
  const x = of([2, 4], 3);
  const y = Linear.together(x, a, b);
  assert.deepEqual(y.shape, [2, 5]);
  const values = (t: Tensor) => [...t.detach().toTypedArray()].map(Number);
  near(y.narrow(1, 0, 3), values(a.forward(x)), 'first');
  near(y.narrow(1, 3, 2), values(b.forward(x)), 'second');
  y.mul(of([2, 5], 1))
    .sum()
    .backward();
  const first = a.weight.grad;
  a.weight.grad = null;
  a.forward(x)
    .mul(of([2, 5], 1).narrow(1, 0, 3))
    .sum()
    .backward();
  near(first, values(a.weight.grad ?? zeros([0])), 'gradient');
  const bare = new Linear(4, 1, { bias: false });
  assert.deepEqual(Linear.together(x, bare, bare).shape, [2, 2]);
  assert.throws(
    () => Linear.together(x, a, bare),
    new TorchError('Linear.together: either all layers need a bias, or none'),
  );
  assert.throws(() => Linear.together(x), new TorchError('Linear.together: there are no layers'));
});

test('float32 weights work in a bfloat16 or float64 pass: the output has the dtype of the input, gradients are float32', () => {
  for (const dtype of ['bfloat16', 'float64'] as const)
    for (const [name, [layer, shape]] of Object.entries(layers)) {
      const y = layer.forward(of(shape, 0).to(dtype));
      assert.equal(y.dtype, dtype, name);
      const [weight] = Object.values(layer.parameters());
      weight.grad = null;
      y.sum().backward();
      assert.equal(weight.dtype, 'float32', name);
      const { grad } = weight as Tensor;
      assert.equal(grad?.dtype, 'float32', name);
      weight.grad = null;
      // Two roundings to 8 bits of sums of some ten products of magnitude 1.
      const exact = [...layer.forward(of(shape, 0)).detach().toTypedArray()].map(Number);
      for (const [i, value] of y.float().detach().toTypedArray().entries())
        assert.ok(Math.abs(Number(value) - exact[i]) < 0.05, `${name} ${dtype}: ${value}, ${exact[i]}`);
    }
  assert.equal(workableDtype('float32', 'cpu'), 'float32');
  assert.equal(workableDtype('bfloat16', 'cuda:0'), 'bfloat16');
});

test('wrong sizes and inputs are one clear sentence', () => {
  const refuses = (call: () => unknown, message: string | RegExp) =>
    assert.throws(call, (error: Error) => {
      assert.ok(error instanceof TorchError);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    });
  refuses(() => new Linear(0, 3), 'Linear: inputs must be a whole number, at least 1; got 0');
  refuses(() => new Linear(3, 1.5), 'Linear: outputs must be a whole number, at least 1; got 1.5');
  refuses(() => new LayerNorm('3' as never), "LayerNorm: dim must be a whole number, at least 1; got '3'");
  refuses(() => new LayerNorm(3, { eps: -1 }), 'LayerNorm: eps must be a number, at least 0; got -1');
  refuses(() => new GroupNorm(4, 6), 'GroupNorm: channels must be a multiple of groups, got 6 channels, 4 groups');
  refuses(() => new Embedding(-1, 3), 'Embedding: rows must be a whole number, at least 1; got -1');
  refuses(() => new Conv(3, 8, 3 as never), 'Conv: kernel must be a list of one to three sizes, such as [3, 3]; got 3');
  refuses(() => new Conv(3, 8, [3, 0]), 'Conv: a size of the kernel must be a whole number, at least 1; got 0');
  refuses(() => new Conv(3, 8, [3, 3], { stride: [1, 0] }), 'Conv: stride must be a whole number, at least 1; got 0');
  refuses(
    () => new Conv(3, 8, [3, 3], { padding: -1 }),
    'Conv: padding must be a whole number from 0 to 9007199254740991; got -1',
  );
  refuses(
    () => new Conv(3, 8, [3, 3], { groups: 2 }),
    'Conv: inputs and outputs must be multiples of groups, got 3 inputs, 8 outputs, 2 groups',
  );
  refuses(
    () => new Sequential(new Linear(1, 1), 3 as never),
    'Sequential: argument 1 must be a function or a module with forward, got 3',
  );
  refuses(() => new Linear(4, 3).forward(zeros([2, 5])), /^aten::linear: .*\(\[2, 5\] float32, \[3, 4\] float32/);
  refuses(() => new LayerNorm(4).forward(zeros([2, 5])), /^aten::layer_norm: .*\[2, 5\]/);
  refuses(() => new Conv(3, 8, [3, 3]).forward(zeros([1, 4, 8, 8])), /^aten::conv2d: .*\[1, 4, 8, 8\]/);
  refuses(() => new Embedding(3, 2).forward(tensor([3], { dtype: 'int64' })), /^aten::embedding: .*out of range/);
});
