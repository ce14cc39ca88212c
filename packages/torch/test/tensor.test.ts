import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as torch from '../src/index.js';
import { type Tensor, tensor } from '../src/index.js';

// Oracle: the same formula in plain JavaScript numbers. Tolerances are relative, a few roundings of float64.
const close = (actual: Tensor, expected: number[], tolerance = 1e-12): void => {
  const values = [...actual.to('float64').toTypedArray()].map(Number);
  assert.equal(values.length, expected.length);
  values.forEach((value, i) => {
    const fits = Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(fits || Object.is(value, expected[i]), `element ${i}: ${value}, expected ${expected[i]}`);
  });
};

const a = [0.5, -1.25, 2, -0.75, 3.5, 1];
const b = [2, 0.5, -1.5, 4, 1.25, -3];
const make = (values: number[], shape = [2, 3]): Tensor => tensor(new Float64Array(values), shape);
const [x, y] = [make(a), make(b)];
const positive = a.map(Math.abs);
const p = make(positive);

test('arithmetic with tensors and numbers', () => {
  close(
    x.add(y),
    a.map((v, i) => v + b[i]),
  );
  close(
    x.add(y, { alpha: -2 }),
    a.map((v, i) => v - 2 * b[i]),
  );
  close(
    x.add(1.5),
    a.map((v) => v + 1.5),
  );
  close(
    x.sub(y, { alpha: 3 }),
    a.map((v, i) => v - 3 * b[i]),
  );
  close(
    x.sub(2),
    a.map((v) => v - 2),
  );
  close(
    x.mul(y),
    a.map((v, i) => v * b[i]),
  );
  close(
    x.mul(-4),
    a.map((v) => v * -4),
  );
  close(
    x.div(y),
    a.map((v, i) => v / b[i]),
  );
  close(
    x.div(8),
    a.map((v) => v / 8),
  );
  close(
    p.pow(y),
    positive.map((v, i) => v ** b[i]),
  );
  close(
    x.pow(3),
    a.map((v) => v ** 3),
  );
  close(
    x.add(make([1, 2, 3], [3])),
    a.map((v, i) => v + 1 + (i % 3)),
  );
});

test('functions of one number', () => {
  const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
  close(
    x.neg(),
    a.map((v) => -v),
  );
  close(x.abs(), positive);
  close(
    x.square(),
    a.map((v) => v * v),
  );
  close(p.sqrt(), positive.map(Math.sqrt));
  close(
    p.rsqrt(),
    positive.map((v) => 1 / Math.sqrt(v)),
  );
  close(x.exp(), a.map(Math.exp));
  close(p.log(), positive.map(Math.log));
  close(x.sin(), a.map(Math.sin));
  close(x.cos(), a.map(Math.cos));
  close(x.tanh(), a.map(Math.tanh));
  close(x.sigmoid(), a.map(sigmoid));
  close(
    x.relu(),
    a.map((v) => Math.max(v, 0)),
  );
  close(
    x.silu(),
    a.map((v) => v * sigmoid(v)),
  );
  const tanhGelu = (v: number): number => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  close(x.gelu({ approximate: 'tanh' }), a.map(tanhGelu));
  close(x.gelu(), a.map(tanhGelu), 1e-3); // the approximation's own error
  close(tensor([1]).gelu(), [0.8413447460685429], 1e-6); // Φ(1)
  close(
    x.clamp(-1, 1),
    a.map((v) => Math.min(Math.max(v, -1), 1)),
  );
  close(
    x.clamp(null, 0),
    a.map((v) => Math.min(v, 0)),
  );
  close(
    x.clamp(0, null),
    a.map((v) => Math.max(v, 0)),
  );
  close(tensor([0.5, 1.5, -2.6]).round(), [0, 2, -3]);
  close(tensor([1, Number.NaN, Number.POSITIVE_INFINITY]).isfinite(), [1, 0, 0]);
});

test('comparisons give bool', () => {
  const pairs = [
    ['eq', (v: number, w: number) => v === w],
    ['ne', (v: number, w: number) => v !== w],
    ['lt', (v: number, w: number) => v < w],
    ['le', (v: number, w: number) => v <= w],
    ['gt', (v: number, w: number) => v > w],
    ['ge', (v: number, w: number) => v >= w],
  ] as const;
  for (const [name, oracle] of pairs) {
    assert.equal(x[name](1).dtype, 'bool');
    close(
      x[name](1),
      a.map((v) => Number(oracle(v, 1))),
    );
    close(
      x[name](y),
      a.map((v, i) => Number(oracle(v, b[i]))),
    );
  }
});

test('products', () => {
  const product = (u: number[], v: number[], n: number, k: number, m: number): number[] =>
    Array.from({ length: n * m }, (_, at) => {
      const [row, column] = [Math.floor(at / m), at % m];
      return Array.from({ length: k }, (_, i) => u[row * k + i] * v[i * m + column]).reduce((s, t) => s + t, 0);
    });
  const w = make(b, [3, 2]);
  close(x.matmul(w), product(a, b, 2, 3, 2));
  close(make(a, [1, 2, 3]).bmm(make(b, [1, 3, 2])), product(a, b, 2, 3, 2));
  const bias = [10, 20];
  close(
    torch.linear(x, w.transpose(0, 1), make(bias, [2])),
    product(a, b, 2, 3, 2).map((v, i) => v + bias[i % 2]),
  );
  close(torch.linear(x, w.transpose(0, 1)), product(a, b, 2, 3, 2));
});

test('reductions over everything, over one dimension, over several', () => {
  const rows = [a.slice(0, 3), a.slice(3)];
  const columns = [0, 1, 2].map((i) => [a[i], a[i + 3]]);
  const sum = (v: number[]): number => v.reduce((s, t) => s + t, 0);
  const mean = (v: number[]): number => sum(v) / v.length;
  const variance = (v: number[], correction: number): number => {
    const m = mean(v);
    return sum(v.map((t) => (t - m) ** 2)) / (v.length - correction);
  };
  close(x.sum(), [sum(a)]);
  close(x.sum(0), columns.map(sum));
  close(x.sum([0, 1]), [sum(a)]);
  assert.deepEqual(x.sum(-1, { keepdim: true }).shape, [2, 1]);
  close(x.mean(), [mean(a)]);
  close(x.mean(1), rows.map(mean));
  close(x.amax(), [3.5]);
  close(
    x.amax(1),
    rows.map((row) => Math.max(...row)),
  );
  close(
    x.amin(0),
    columns.map((column) => Math.min(...column)),
  );
  close(x.var(), [variance(a, 1)]);
  close(
    x.var(1, { correction: 0 }),
    rows.map((row) => variance(row, 0)),
  );
  close(
    x.std(1),
    rows.map((row) => Math.sqrt(variance(row, 1))),
  );
  close(x.norm(), [Math.hypot(...a)]);
  close(
    x.norm(0),
    columns.map((column) => Math.hypot(...column)),
  );
  close(x.argmax(), [4]);
  close(x.argmax(1), [2, 1]);
  const exponentials = rows.map((row) => row.map(Math.exp));
  close(
    x.softmax(-1),
    exponentials.flatMap((row) => row.map((v) => v / sum(row))),
  );
  close(torch.stack(torch.norms([x, y])), [Math.hypot(...a), Math.hypot(...b)]);
});

test('shapes', () => {
  const t = torch.arange(24).reshape([2, 3, 4]);
  const at = (...index: number[]): number => index[0] * 12 + index[1] * 4 + index[2];
  assert.deepEqual(t.permute([2, 0, 1]).shape, [4, 2, 3]);
  assert.equal(t.permute([2, 0, 1]).select(0, 3).select(0, 1).select(0, 2).item(), at(1, 2, 3));
  assert.deepEqual(t.transpose(0, 2).shape, [4, 3, 2]);
  assert.deepEqual(t.reshape([6, -1]).shape, [6, 4]);
  assert.deepEqual(t.flatten(1).shape, [2, 12]);
  assert.deepEqual(t.flatten().shape, [24]);
  assert.deepEqual(t.unsqueeze(1).shape, [2, 1, 3, 4]);
  assert.deepEqual(t.unsqueeze(1).squeeze(1).shape, [2, 3, 4]);
  assert.deepEqual(torch.ones([1, 3]).expand([2, 3]).shape, [2, 3]);
  close(t.narrow(2, 1, 2).select(0, 0).select(0, 0), [1, 2]);
  close(t.slice(2, 0, null, 2).select(0, 0).select(0, 1), [4, 6]);
  close(t.slice(0, -1).select(0, 0).select(0, 0), [12, 13, 14, 15]);
  close(
    t
      .indexSelect(1, tensor([2, 0], { dtype: 'int64' }))
      .select(0, 0)
      .select(1, 0),
    [8, 0],
  );
  assert.deepEqual(
    t.split(2, 1).map(({ shape }) => shape),
    [
      [2, 2, 4],
      [2, 1, 4],
    ],
  );
  assert.deepEqual(
    t.chunk(2, 2).map(({ shape }) => shape),
    [
      [2, 3, 2],
      [2, 3, 2],
    ],
  );
  assert.equal(t.unbind(1).length, 3);
  close(torch.cat([x, y], 1), [...a.slice(0, 3), ...b.slice(0, 3), ...a.slice(3), ...b.slice(3)]);
  assert.deepEqual(torch.stack([x, y], 1).shape, [2, 2, 3]);
  const turned = x.transpose(0, 1);
  close(
    turned.contiguous(),
    [0, 3, 1, 4, 2, 5].map((i) => a[i]),
  );
  assert.deepEqual(turned.toTypedArray(), turned.contiguous().toTypedArray());
  assert.equal(x.size, 6);
});

test('choices', () => {
  close(
    torch.where(x.gt(0), x, y),
    a.map((v, i) => (v > 0 ? v : b[i])),
  );
  close(
    torch.minimum(x, y),
    a.map((v, i) => Math.min(v, b[i])),
  );
  close(
    torch.maximum(x, y),
    a.map((v, i) => Math.max(v, b[i])),
  );
  close(torch.embedding(x, tensor([1, 0, 1], { dtype: 'int64' })).select(1, 0), [a[3], a[0], a[3]]);
});

test('in-place methods change the tensor and return it', () => {
  const changed = (change: (t: Tensor) => Tensor, expected: number[]): void => {
    const t = x.clone();
    assert.equal(change(t), t);
    close(t, expected);
  };
  changed(
    (t) => t.add_(y, { alpha: 2 }),
    a.map((v, i) => v + 2 * b[i]),
  );
  changed(
    (t) => t.add_(1),
    a.map((v) => v + 1),
  );
  changed(
    (t) => t.sub_(y),
    a.map((v, i) => v - b[i]),
  );
  changed(
    (t) => t.mul_(y),
    a.map((v, i) => v * b[i]),
  );
  changed(
    (t) => t.mul_(2),
    a.map((v) => v * 2),
  );
  changed(
    (t) => t.div_(y),
    a.map((v, i) => v / b[i]),
  );
  changed((t) => t.copy_(y), b);
  changed(
    (t) => t.zero_(),
    a.map(() => 0),
  );
  changed(
    (t) => t.fill_(2.5),
    a.map(() => 2.5),
  );
  changed(
    (t) => t.clamp_(0, 1),
    a.map((v) => Math.min(Math.max(v, 0), 1)),
  );
  changed((t) => t.copy_(p).sqrt_(), positive.map(Math.sqrt));
  changed(
    (t) => t.lerp_(y, 0.25),
    a.map((v, i) => v + 0.25 * (b[i] - v)),
  );
  changed(
    (t) => t.addcmul_(y, p, { value: -2 }),
    a.map((v, i) => v - 2 * b[i] * positive[i]),
  );
  changed(
    (t) => t.addcdiv_(y, p, { value: 3 }),
    a.map((v, i) => v + (3 * b[i]) / positive[i]),
  );
});

test('normalisation', () => {
  const normalised = (v: number[], eps: number): number[] => {
    const mean = v.reduce((s, t) => s + t, 0) / v.length;
    const deviation = Math.sqrt(v.reduce((s, t) => s + (t - mean) ** 2, 0) / v.length + eps);
    return v.map((t) => (t - mean) / deviation);
  };
  const [weight, bias] = [
    [1, 2, 3],
    [0.1, 0.2, 0.3],
  ];
  const rows = [...normalised(a.slice(0, 3), 1e-5), ...normalised(a.slice(3), 1e-5)];
  close(torch.layerNorm(x, [3]), rows);
  close(
    torch.layerNorm(x, [3], make(weight, [3]), make(bias, [3])),
    rows.map((v, i) => v * weight[i % 3] + bias[i % 3]),
  );
  close(torch.groupNorm(make(a, [1, 2, 3]), 2, null, null, 1e-3), [
    ...normalised(a.slice(0, 3), 1e-3),
    ...normalised(a.slice(3), 1e-3),
  ]);
});

test('convolutions, against sums of products', () => {
  const image = Array.from({ length: 32 }, (_, i) => ((i * 7) % 11) - 5); // [1, 2, 4, 4]
  const kernel = Array.from({ length: 18 }, (_, i) => ((i * 5) % 7) - 3); // [1, 2, 3, 3]
  const at = (c: number, i: number, j: number): number =>
    i < 0 || j < 0 || i > 3 || j > 3 ? 0 : image[c * 16 + i * 4 + j];
  const expected: number[] = [];
  for (let i = 0; i < 4; i += 2)
    for (let j = 0; j < 4; j += 2) {
      let sum = 0.5;
      for (let k = 0; k < 18; k++) {
        const [c, di, dj] = [Math.floor(k / 9), Math.floor((k % 9) / 3), k % 3];
        sum += kernel[k] * at(c, i + di - 1, j + dj - 1);
      }
      expected.push(sum);
    }
  const [x2, w2, bias] = [make(image, [1, 2, 4, 4]), make(kernel, [1, 2, 3, 3]), make([0.5], [1])];
  close(torch.conv2d(x2, w2, bias, { stride: 2, padding: 1 }), expected);
  close(torch.conv3d(x2.unsqueeze(2), w2.unsqueeze(2), bias, { stride: [1, 2, 2], padding: [0, 1, 1] }), expected);
  close(torch.conv1d(make([1, 2, 3, 4], [1, 1, 4]), make([1, -1], [1, 1, 2])), [-1, -1, -1]);
  const two = torch.cat([x2, x2.neg()], 1);
  assert.deepEqual(torch.conv2d(two, torch.cat([w2, w2]), null, { groups: 2 }).shape, [1, 2, 2, 2]);
});

test('attention is softmax(q·kᵀ/√d)·v', () => {
  const [q, k, v] = [0, 1, 2].map((shift) =>
    make(
      Array.from({ length: 24 }, (_, i) => Math.sin(i + shift)),
      [1, 2, 3, 4],
    ),
  );
  const expected = q.matmul(k.transpose(2, 3)).div(2).softmax(-1).matmul(v);
  close(torch.scaledDotProductAttention(q, k, v), [...expected.toTypedArray()].map(Number));
});

test('dropout zeroes a share p in training and scales the rest; else it does nothing', () => {
  torch.manualSeed(1);
  const out = torch.dropout(torch.ones([100_000]), 0.25, true);
  const zeros = out.eq(0).float().mean().item();
  assert.ok(Math.abs(zeros - 0.25) < 4 * Math.sqrt((0.25 * 0.75) / 100_000));
  close(out.amax(), [4 / 3], 1e-7);
  close(torch.dropout(x, 0.25, false), a);
});

test('to changes dtype or device; a tensor prints its shape, dtype and device', () => {
  assert.equal(x.to('float16').dtype, 'float16');
  assert.equal(x.float().dtype, 'float32');
  assert.equal(x.to('cpu').device, 'cpu');
  close(tensor([1.9, -1.9]).to('int64'), [1, -1]);
  assert.equal(String(x), 'Tensor [2, 3] float64 cpu');
});
