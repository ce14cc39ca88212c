import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AdamW,
  cudaAvailable,
  empty,
  Lamb,
  layerNorm,
  linear,
  Muon,
  memory,
  type Named,
  ones,
  philoxNormal,
  randn,
  scaledDotProductAttention,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../src/index.js';

const skip = !cudaAvailable() && 'no CUDA device here';

/** Largest difference of two tensors, one of which may be on a device. */
const difference = (x: Tensor, y: Tensor): number => x.to('cpu').float().sub(y.to('cpu').float()).abs().amax().item();

/** Parameters of the kinds that a network has, on a device. */
const parameters = (device: 'cpu' | 'cuda'): Named =>
  Object.fromEntries(
    Object.entries({ wide: [16, 48], tall: [48, 16], bias: [48], table: [3, 4, 16] }).map(([name, shape], i) => {
      const values = randn(shape, { seed: i }).to(device).detach();
      values.requiresGrad = true;
      return [name, values];
    }),
  );

const makers = {
  AdamW: (all: Named) => new AdamW(all, { lr: 1e-2, decays: (_, { shape }) => shape.length > 1 }),
  Lamb: (all: Named) => new Lamb(all, { lr: 1e-2 }),
  Muon: (all: Named) => new Muon(all, { lr: 1e-2 }),
};

for (const [name, make] of Object.entries(makers)) {
  test(`CUDA: ${name} moves weights as on the CPU`, { skip }, () => {
    const both = (['cpu', 'cuda'] as const).map((device) => {
      const all = parameters(device);
      const optimizer = make(all);
      for (let step = 0; step < 5; step++) {
        optimizer.zeroGrad();
        scope(() => {
          const losses = Object.values(all).map((weight) => weight.sin().mul(weight).sum());
          losses.reduce((sum, loss) => sum.add(loss)).backward();
        });
        optimizer.step({ lrScale: 1 - step / 10 });
      }
      return all;
    });
    for (const [key, start] of Object.entries(parameters('cpu'))) {
      assert.ok(difference(both[1][key], start) > 1e-3, `${key} has moved`);
      assert.ok(difference(both[0][key], both[1][key]) < 1e-4, key);
    }
  });
}

test('CUDA: attention, LayerNorm, GELU and products have the gradients of the CPU', { skip }, () => {
  const passes = (['cpu', 'cuda'] as const).map((device) => {
    const input = (shape: number[], seed: number): Tensor => {
      const x = randn(shape, { seed }).to(device).detach();
      x.requiresGrad = true;
      return x;
    };
    const [q, k, v] = [input([2, 4, 6, 16], 1), input([2, 4, 9, 16], 2), input([2, 4, 9, 16], 3)];
    const [weight, bias] = [input([64, 64], 4), input([64], 5)];
    const y = scaledDotProductAttention(q, k, v).transpose(1, 2).flatten(2); // [2, 6, 64]
    const normed = layerNorm(y, [64], ones([64], { device }), zeros([64], { device }), 1e-6);
    const out = linear(normed, weight, bias).gelu();
    out.square().sum().backward();
    return [out, ...[q, k, v, weight, bias].map(({ grad }) => grad as Tensor)];
  });
  for (const [i, here] of passes[0].entries()) {
    const size = here.abs().amax().item();
    assert.ok(difference(here, passes[1][i]) < 1e-3 * size, `result ${i}`);
  }
});

test('CUDA: values arrive whole while the device is busy, from memory that is used again', { skip }, () => {
  const side = 4096;
  const busy = ones([side, side], { device: 'cuda' });
  const arrived = scope(() => {
    const found: Tensor[] = [];
    let product = busy;
    for (let i = 0; i < 200; i++) {
      product = product.matmul(busy).div(side);
      found.push(tensor(new Float32Array(1000).fill(i), { device: 'cuda' }));
      found.push(philoxNormal(empty([2, 500], { device: 'cuda' }), { seed: i, samples: [0, 1] }));
    }
    return found;
  });
  for (let i = 0; i < 200; i++) {
    assert.deepEqual(arrived[2 * i].toTypedArray(), new Float32Array(1000).fill(i));
    const drawn = philoxNormal(empty([2, 500]), { seed: i, samples: [0, 1] });
    assert.deepEqual(arrived[2 * i + 1].toTypedArray(), drawn.toTypedArray());
  }
});

test('CUDA: memory of a scope returns to the allocator', { skip }, () => {
  const before = memory('cuda').device?.allocated ?? 0;
  scope(() => void zeros([1024, 1024], { device: 'cuda' }).add(1));
  assert.ok((memory('cuda').device?.allocated ?? 0) <= before);
});
