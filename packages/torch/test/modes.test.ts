import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as torch from '../src/index.js';
import { autocast, noGrad, ones, type Tensor, unsafe, zeros } from '../src/index.js';

test('autocast on the CPU gives products in bfloat16 and leaves sums of float32 alone', () => {
  const [x, w] = [ones([2, 8]), ones([8, 4], { requiresGrad: true })];
  autocast('cpu', 'bfloat16', () => {
    assert.equal(x.matmul(w).dtype, 'bfloat16');
    assert.equal(torch.linear(x, w.transpose(0, 1)).dtype, 'bfloat16');
    assert.equal(x.add(1).dtype, 'float32');
    autocast('cpu', 'float16', () => assert.equal(x.matmul(w).dtype, 'float16'));
    assert.equal(x.matmul(w).dtype, 'bfloat16');
  });
  assert.equal(x.matmul(w).dtype, 'float32');
});

test('autocast ends with an exception, and refuses promises and other dtypes', () => {
  const x = ones([2, 2]);
  assert.throws(() => autocast('cpu', 'bfloat16', () => assert.fail('on purpose')), /on purpose/);
  assert.throws(() => autocast('cpu', 'bfloat16', async () => 1), /autocast: the function returned a promise/);
  assert.throws(() => autocast('cpu', 'int64' as never, () => x), /expected bfloat16 or float16, got int64/);
  assert.throws(() => autocast('tpu' as never, 'bfloat16', () => x), /expected cpu or cuda, got tpu/);
  assert.equal(x.matmul(x).dtype, 'float32');
});

test('a weight used first without and then with gradients under one autocast gets its gradient', () => {
  const w = torch.full([4, 4], 0.5, { requiresGrad: true });
  autocast('cpu', 'bfloat16', () => {
    const estimate = noGrad(() => ones([2, 4]).matmul(w));
    estimate.float().matmul(w).sum().backward();
  });
  assert.deepEqual(w.grad?.toTypedArray(), new Float32Array(16).fill(4)); // column sums of the estimate, 2·2
});

test('manualSeed makes random operators repeat', () => {
  const draw = (): Tensor => unsafe.call('aten::randn', [[8]]) as Tensor;
  torch.manualSeed(5);
  const [first, second] = [draw(), draw()];
  torch.manualSeed(5);
  assert.deepEqual(draw().toTypedArray(), first.toTypedArray());
  assert.deepEqual(draw().toTypedArray(), second.toTypedArray());
  torch.manualSeed(6);
  assert.notDeepEqual(draw().toTypedArray(), first.toTypedArray());
  torch.manualSeed(2 ** 53 - 1);
});

test('setThreads is what threads() says', () => {
  const before = torch.threads();
  for (const count of [1, 3]) {
    torch.setThreads(count);
    assert.equal(torch.threads(), count);
    assert.equal(torch.ones([300_000]).sum().item(), 300_000);
  }
  torch.setThreads(before);
  for (const count of [0, -1, 1e6]) assert.throws(() => torch.setThreads(count), /from 1 to 4096/);
});

test('runtime() names the version, the vector instructions and the devices', () => {
  const { version, cpuCapability, threads, cudaDevices } = torch.runtime();
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.match(cpuCapability, /^[A-Z0-9_]+$/);
  assert.equal(cpuCapability, torch.cpuCapability());
  assert.ok(threads >= 1);
  assert.equal(cudaDevices, torch.cudaCount());
  assert.equal(torch.cudaAvailable(), torch.cudaCount() > 0);
});

test('memory() counts live tensors and the bytes of their storages', () => {
  const before = torch.memory();
  const large = zeros([1000, 1000]);
  assert.deepEqual(torch.memory(), { tensors: before.tensors + 1, bytes: before.bytes + 4e6 });
  const view = large.select(0, 5);
  assert.deepEqual(torch.memory(), { tensors: before.tensors + 2, bytes: before.bytes + 4e6 });
  large.dispose();
  assert.deepEqual(torch.memory(), { tensors: before.tensors + 1, bytes: before.bytes + 4e6 }); // the view needs it all
  view.dispose();
  assert.deepEqual(torch.memory(), before);
});

test('memory() follows a tensor to another storage, and a storage to another size', () => {
  const before = torch.memory();
  const bytes = (): number => torch.memory().bytes - before.bytes;
  class Layer extends torch.Module {
    weight = zeros([1000], { requiresGrad: true });
    bias = zeros([10]);
  }
  const layer = new Layer();
  const same = layer.weight.to('float32'); // a second handle on the same tensor
  assert.equal(bytes(), 4040);
  layer.to('float64');
  assert.equal(bytes(), 8080);
  same.dispose();
  assert.equal(bytes(), 8080);
  for (const parameter of Object.values(layer.parameters())) parameter.dispose();
  assert.deepEqual(torch.memory(), before);

  const [x, y] = [zeros([10]), zeros([100])];
  const view = x.reshape([2, 5]);
  unsafe.call('aten::resize_', [x, [50]]);
  assert.equal(bytes(), 200 + 400);
  unsafe.call('aten::set_.source_Tensor', [x, y]);
  assert.equal(bytes(), 200 + 400); // the view keeps what x had
  view.dispose();
  assert.equal(bytes(), 400);
  unsafe.call('aten::_foreach_add_.Scalar', [[x, y], 1]);
  y.dispose();
  assert.equal(bytes(), 400);
  x.dispose();
  assert.deepEqual(torch.memory(), before);
  const out = zeros([0]);
  unsafe.call('aten::arange.out', [25], { out });
  assert.equal(bytes(), 100);
  out.dispose();
  assert.deepEqual(torch.memory(), before);
});

test('memory() counts what a graph needs too, once', () => {
  const x = zeros([1000], { requiresGrad: true });
  const before = torch.memory().bytes;
  const y = x.exp();
  assert.equal(torch.memory().bytes, before + 4000);
  const z = y.detach();
  assert.equal(torch.memory().bytes, before + 4000);
  for (const tensor of [x, y, z]) tensor.dispose();
  assert.equal(torch.memory().bytes, before - 4000);
});

test('CUDA: tensors go there and back, products and random rows agree', {
  skip: !torch.cudaAvailable() && 'no CUDA device here',
}, () => {
  const x = ones([64, 64], { device: 'cuda' });
  assert.equal(x.device, 'cuda:0');
  assert.deepEqual(x.matmul(x).to('cpu').toTypedArray(), new Float32Array(4096).fill(64));
  assert.deepEqual(x.toTypedArray(), new Float32Array(4096).fill(1));
  const drawn = torch.philoxNormal(torch.empty([64, 64], { device: 'cuda' }), {
    seed: 1,
    samples: [...Array(64).keys()],
  });
  const here = torch.philoxNormal(torch.empty([64, 64]), { seed: 1, samples: [...Array(64).keys()] });
  assert.deepEqual(drawn.toTypedArray(), here.toTypedArray());
  assert.equal(autocast('cuda', 'bfloat16', () => x.matmul(x)).dtype, 'bfloat16');
  const { device } = torch.memory('cuda');
  assert.ok(device && device.allocated >= 16_384 && device.peak >= device.allocated);
});
