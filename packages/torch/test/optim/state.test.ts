import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  AdamW,
  clipGradNorm,
  full,
  Lamb,
  Linear,
  Muon,
  memory,
  type Optimizer,
  ones,
  readSafetensors,
  Sequential,
  SGD,
  scope,
  type Tensor,
  TorchError,
  tensor,
  writeSafetensors,
  zeros,
} from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-optim-'));
after(() => rmSync(folder, { recursive: true }));

const makers: Record<string, (network: Sequential) => Optimizer> = {
  SGD: (network) => new SGD(network, { lr: 0.1, momentum: 0.9, nesterov: true }),
  AdamW: (network) => new AdamW(network, { lr: 0.01, decays: (_, { shape }) => shape.length > 1 }),
  Lamb: (network) => new Lamb(network, { lr: 0.01 }),
  Muon: (network) => new Muon(network, { lr: 0.01, matrices: (name) => name === '0.weight' }),
};

const build = () => new Sequential(new Linear(3, 4, { seed: 1 }), (x) => x.tanh(), new Linear(4, 2, { seed: 2 }));
const x = tensor([
  [0.5, -1, 2],
  [1, 0.25, -0.5],
]);

function train(network: Sequential, optimizer: Optimizer, updates: number): void {
  for (let update = 0; update < updates; update++) {
    optimizer.zeroGrad();
    scope(() => network.forward(x).sub(1).square().mean().backward());
    optimizer.step({ lrScale: 1 / (1 + update) });
  }
}

const bits = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, [...value.detach().toTypedArray()]]));

for (const [name, make] of Object.entries(makers)) {
  test(`${name}: a state that a file carried to a new optimiser goes on bit for bit`, async () => {
    const network = build();
    const optimizer = make(network);
    train(network, optimizer, 3);
    const file = join(folder, `${name}.safetensors`);
    await writeSafetensors(file, optimizer.state());
    const resumed = build();
    resumed.loadParameters(network.parameters());
    const other = make(resumed);
    other.load((await readSafetensors(file)).tensors);
    assert.equal(other.updates, 3);
    const start = bits(network.parameters());
    train(network, optimizer, 2);
    train(resumed, other, 2);
    assert.notDeepEqual(bits(network.parameters()), start);
    assert.deepEqual(bits(resumed.parameters()), bits(network.parameters()));
    assert.deepEqual(bits(other.state()), bits(optimizer.state()));
  });

  test(`${name}: training lowers a loss, and a step leaves no tensor behind`, () => {
    const network = build();
    const optimizer = make(network);
    const loss = () => scope(() => network.forward(x).sub(1).square().mean().item());
    const start = loss();
    train(network, optimizer, 5);
    const { tensors } = memory();
    train(network, optimizer, 25);
    assert.equal(memory().tensors, tensors);
    assert.ok(loss() < start, `${loss()} after ${start}`);
  });

  test(`${name}: a parameter without a gradient stays as it is, and the others move as if they were alone`, () => {
    const parameters = () => ({ '0.weight': full([2, 3], 0.5), twin: full([3, 2], 0.25), bias: ones([2]) });
    const gradient = tensor([
      [1, 2, 3],
      [-1, 0.5, 0],
    ]);
    const [both, alone] = [parameters(), parameters()];
    const options = { matrices: (_: string, { shape }: Tensor) => shape.length === 2 };
    const optimizerOf = (of: Record<string, Tensor>) =>
      name === 'Muon' ? new Muon(of, options) : make(of as unknown as Sequential);
    const [first, second] = [optimizerOf(both), optimizerOf({ '0.weight': alone['0.weight'] })];
    for (let update = 0; update < 3; update++) {
      both['0.weight'].grad = gradient.clone();
      alone['0.weight'].grad = gradient.clone();
      first.step();
      second.step();
    }
    assert.deepEqual(bits(both).twin, bits(parameters()).twin);
    assert.deepEqual(bits(both).bias, bits(parameters()).bias);
    assert.deepEqual(bits(both)['0.weight'], bits(alone)['0.weight']);
    assert.notDeepEqual(bits(both)['0.weight'], bits(parameters())['0.weight']);
  });
}

test('lr may be set between steps, and lrScale multiplies it for one step', () => {
  const w = zeros([1]);
  const sgd = new SGD({ w }, { lr: 0.5 });
  w.grad = ones([1]);
  sgd.step();
  sgd.lr = 0.25;
  sgd.step();
  sgd.step({ lrScale: 0.5 });
  assert.equal(w.item(), -0.875);
  const b = zeros([1]);
  const muon = new Muon({ b }, { rest: { lr: 1, weightDecay: 0 } });
  assert.ok(muon.rest);
  muon.rest.lr = 0.5;
  b.grad = ones([1]);
  muon.step(); //                                                the first step of Adam is the rate times the sign
  assert.ok(Math.abs(b.item() + 0.5) < 1e-6);
});

test('weight decay acts on the parameters that `decays` chooses', () => {
  for (const Kind of [SGD, AdamW]) {
    const [kernel, bias] = [ones([1, 1]), ones([1])];
    const decays = (name: string, { shape }: Tensor) => name === 'kernel' && shape.length === 2;
    const optimizer = new Kind({ kernel, bias }, { lr: 0.5, weightDecay: 0.5, decays });
    [kernel.grad, bias.grad] = [zeros([1, 1]), zeros([1])];
    optimizer.step();
    assert.deepEqual([kernel.item(), bias.item()], [0.75, 1], Kind.name);
  }
});

test('zeroGrad drops the gradients; without it they add up', () => {
  const w = tensor([3], { requiresGrad: true });
  const sgd = new SGD({ w });
  for (let pass = 0; pass < 2; pass++) scope(() => w.square().sum().backward());
  assert.equal(w.grad?.item(), 12);
  sgd.zeroGrad();
  assert.equal(w.grad, null);
});

test('clipGradNorm scales gradients together to the limit, and leaves them alone below it', () => {
  const [a, b, without] = [zeros([1, 2]), zeros([2]), zeros([1])];
  const give = () => {
    [a.grad, b.grad] = [tensor([[3, 0]]), tensor([0, 4])];
  };
  give();
  assert.equal(clipGradNorm({ a, b, without }, 1).item(), 5);
  assert.ok(Math.abs(Number(a.grad?.toTypedArray()[0]) - 0.6) < 1e-6);
  assert.ok(Math.abs(Number(b.grad?.toTypedArray()[1]) - 0.8) < 1e-6);
  for (const limit of [10, Number.POSITIVE_INFINITY]) {
    give();
    assert.equal(clipGradNorm({ a, b }, limit).item(), 5);
    assert.deepEqual([...(b.grad?.toTypedArray() ?? [])], [0, 4]);
  }
});

test('tied weights move once: they have the gradient of both uses, one state, and count once in the norm', () => {
  for (const [name, make] of Object.entries(makers)) {
    const layer = new Linear(3, 3, { seed: 1 });
    const twin = new Linear(3, 3, { seed: 1 });
    const tied = new Sequential(layer, (x) => x.tanh(), layer);
    const optimizers = [make(tied), make(new Sequential(twin))];
    assert.deepEqual(Object.keys(optimizers[0].tensors), Object.keys(optimizers[1].tensors), name);
    for (let update = 0; update < 2; update++) {
      for (const optimizer of optimizers) optimizer.zeroGrad();
      scope(() => tied.forward(x).square().sum().backward());
      scope(() => twin.forward(twin.forward(x).tanh()).square().sum().backward());
      assert.equal(clipGradNorm(tied, 0.5).item(), clipGradNorm(twin, 0.5).item(), name);
      for (const optimizer of optimizers) optimizer.step();
      assert.deepEqual(bits(layer.parameters()), bits(twin.parameters()), name);
    }
  }
});

test('a wrong call is one clear sentence, and changes nothing', () => {
  const w = ones([2, 2]);
  const network = { w };
  const refuses = (call: () => unknown, message: string) => assert.throws(call, new TorchError(message));
  refuses(() => new SGD({}), 'SGD: there are no parameters');
  refuses(
    () => new SGD([w] as never),
    'SGD: expected a module or an object of parameters by name, got [[2, 2] float32]',
  );
  refuses(() => new AdamW({ w: 3 } as never), 'AdamW: w must be a tensor, got 3');
  refuses(
    () => new AdamW({ w: zeros([2, 3]).transpose(0, 1) }),
    'AdamW: w is not contiguous; make the parameter by contiguous()',
  );
  refuses(() => new SGD(network, { lr: -1 }), 'SGD: lr must be a number, at least 0; got -1');
  refuses(() => new SGD(network, { momentum: 1 }), 'SGD: momentum must be a number, at least 0 and below 1; got 1');
  refuses(() => new SGD(network, { nesterov: true }), 'SGD: nesterov needs a momentum above 0');
  refuses(
    () => new AdamW(network, { betas: [0.9, 1] }),
    'AdamW: the second of betas must be a number, at least 0 and below 1; got 1',
  );
  refuses(() => new Lamb(network, { eps: 0 }), 'Lamb: eps must be a number above 0; got 0');
  refuses(
    () => new Lamb(network, { weightDecay: Number.NaN }),
    'Lamb: weightDecay must be a number, at least 0; got NaN',
  );
  refuses(() => new Muon(network, { nsSteps: 0 }), 'Muon: nsSteps must be a whole number, at least 1; got 0');
  refuses(
    () => new Muon(network, { dtype: 'int64' }),
    "Muon: dtype must be float32, float64, float16 or bfloat16; got 'int64'",
  );
  refuses(
    () => new Muon({ b: ones([3]) }, { matrices: () => true }),
    'Muon: matrices chooses b [3], which does not have two dimensions',
  );
  refuses(() => clipGradNorm(network, 1), 'clipGradNorm: no parameter has a gradient; call backward first');
  refuses(() => clipGradNorm(network, 0), 'clipGradNorm: the limit must be above 0, got 0');
  const adamw = new AdamW(network);
  refuses(() => adamw.step(), 'AdamW.step: no parameter has a gradient; call backward first');
  w.grad = ones([2, 2]);
  refuses(() => adamw.step({ lrScale: -1 }), 'AdamW.step: lrScale must be a number, at least 0; got -1');
  adamw.lr = Number.NaN;
  refuses(() => adamw.step(), 'AdamW.step: lr must be a number, at least 0; got NaN');
  const muon = new Muon({ w, bias: zeros([2]) });
  if (muon.rest) muon.rest.lr = -1;
  refuses(() => muon.step(), 'Muon.step: rest.lr must be a number, at least 0; got -1');
  assert.deepEqual([...w.toTypedArray()], [1, 1, 1, 1]);
});

test('a state that does not fit is refused, and nothing changes', () => {
  const adamw = new AdamW({ w: ones([2]) });
  const state = { 'mean.w': ones([2]), 'square.w': ones([2]), updates: tensor([3]) };
  const refuses = (given: Record<string, Tensor>, message: string) =>
    assert.throws(() => adamw.load(given), new TorchError(`AdamW.load: ${message}`));
  const { updates, ...moments } = state;
  refuses(moments, 'updates must be a tensor of one number, got undefined');
  refuses({ 'mean.w': ones([2]), updates }, 'square.w is missing');
  refuses({ ...state, 'mean.v': ones([2]) }, 'this optimiser has no mean.v');
  refuses({ ...state, 'mean.w': [1, 1] } as never, 'mean.w must be a tensor, got [1, 1]');
  const counts = 'updates must be a whole number from 0 to 9007199254740991; got';
  refuses({ ...state, updates: tensor([-1]) }, `${counts} -1`);
  refuses({ ...state, updates: tensor([1.5]) }, `${counts} 1.5`);
  refuses(null as never, 'expected an object of options, got null');
  refuses({ ...state, 'square.w': ones([3]) }, 'square.w is [3], but the optimiser needs [2]');
  assert.deepEqual(bits(adamw.state()), { 'mean.w': [0, 0], 'square.w': [0, 0], updates: [0n] });
  adamw.load(state);
  assert.deepEqual(bits(adamw.state()), { 'mean.w': [1, 1], 'square.w': [1, 1], updates: [3n] });
});

test('a parameter that has moved to another dtype is refused', () => {
  const layer = new Linear(2, 1);
  const sgd = new SGD(layer);
  layer.to('float64');
  assert.throws(
    () => sgd.step(),
    new TorchError(
      'SGD.step: weight was float32 on cpu and is float64 on cpu; make the optimiser after moving the network',
    ),
  );
});
