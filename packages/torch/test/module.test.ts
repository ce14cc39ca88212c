import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linear, Module, ones, type Tensor, TorchError, zeros } from '../src/index.js';

class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  constructor(from: number, to: number, bias = true) {
    super();
    this.weight = zeros([to, from], { requiresGrad: true });
    this.bias = bias ? zeros([to], { requiresGrad: true }) : null;
  }
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

class Network extends Module {
  readonly inputLayer = new Linear(2, 3);
  readonly blocks = [new Linear(3, 3, false), { not: 'a module' }, new Linear(3, 1)];
  readonly scale = ones([1]);
  readonly width = 3;
  readonly #code = ones([5]);
  get code(): Tensor {
    return this.#code;
  }
}

const names = [
  'input_layer.weight',
  'input_layer.bias',
  'blocks.0.weight',
  'blocks.2.weight',
  'blocks.2.bias',
  'scale',
];

test('parameters are named by their path in snake_case, in the order of the properties', () => {
  const network = new Network();
  assert.deepEqual(Object.keys(network.parameters()), names);
  assert.equal(network.parameters()['blocks.2.bias'], (network.blocks[2] as Linear).bias);
});

test('modules are named like their parameters, the module itself by nothing', () => {
  const network = new Network();
  const { blocks } = network;
  assert.deepEqual(Object.keys(network.modules()), ['', 'input_layer', 'blocks.0', 'blocks.2']);
  assert.deepEqual(Object.values(network.modules()), [network, network.inputLayer, blocks[0], blocks[2]]);
});

test('two properties that would give one name are refused', () => {
  class Twins extends Module {
    readonly inputLayer = new Linear(2, 3);
    readonly input_layer = new Linear(2, 3);
  }
  assert.throws(
    () => new Twins().parameters(),
    (error: Error) =>
      error instanceof TorchError &&
      error.message ===
        'inputLayer.weight and input_layer.weight both get the name input_layer.weight: rename one of them',
  );
});

test('loadParameters copies values into the same tensors, gradients or not', () => {
  const network = new Network();
  const parameters = network.parameters();
  const given = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }], i) => [name, ones(shape).mul(i)]),
  );
  network.loadParameters(given);
  Object.entries(network.parameters()).forEach(([name, tensor], i) => {
    assert.equal(tensor, parameters[name]);
    assert.ok([...tensor.toTypedArray()].every((value) => value === i));
  });
  assert.equal(network.inputLayer.weight.requiresGrad, true);
});

test('loadParameters takes another dtype, and converts', () => {
  const layer = new Linear(1, 1);
  layer.loadParameters({ weight: ones([1, 1], { dtype: 'float64' }), bias: ones([1], { dtype: 'bfloat16' }) });
  assert.equal(layer.weight.dtype, 'float32');
  assert.equal(layer.weight.item(), 1);
});

test('what is missing, too much or of another shape is named, and nothing is changed', () => {
  const network = new Network();
  const all = Object.fromEntries(Object.entries(network.parameters()).map(([name, { shape }]) => [name, ones(shape)]));
  const { scale: _, ...fewer } = all;
  const refuses = (tensors: Record<string, Tensor>, message: RegExp): void => {
    assert.throws(
      () => network.loadParameters(tensors),
      (error: Error) => error instanceof TorchError && message.test(error.message),
    );
  };
  refuses(fewer, /^scale is missing; the network has 6 parameters, but 5 were given$/);
  refuses({ ...all, 'blocks.1.weight': ones([1]) }, /^blocks\.1\.weight is no parameter of this network$/);
  refuses(
    { ...all, 'blocks.0.weight': ones([3, 4]) },
    /^blocks\.0\.weight is \[3, 4\], but the network needs \[3, 3\]$/,
  );
  refuses({ ...all, toString: ones([1]) } as Record<string, Tensor>, /toString is no parameter/);
  for (const tensor of Object.values(network.parameters()).slice(0, -1)) assert.equal(tensor.abs().sum().item(), 0);
});

test('to moves every parameter to another dtype, in the same tensors, without its gradient', () => {
  const layer = new Linear(2, 1);
  const { weight } = layer;
  layer
    .forward(ones([1, 2]))
    .sum()
    .backward();
  assert.equal(layer.to('float64'), layer);
  assert.equal(layer.weight, weight);
  assert.deepEqual([weight.dtype, weight.requiresGrad, weight.grad], ['float64', true, null]);
  layer
    .forward(ones([1, 2], { dtype: 'float64' }))
    .sum()
    .backward();
  assert.equal(weight.grad?.dtype, 'float64');
});

test('a part that refers to the module around it is refused', () => {
  class Part extends Module {
    whole?: Module;
  }
  class Whole extends Module {
    readonly part = new Part();
  }
  const whole = new Whole();
  whole.part.whole = whole;
  assert.throws(() => whole.parameters(), {
    name: 'TorchError',
    message: 'part.whole contains itself; keep a reference to a module around it in a #private field',
  });
});
