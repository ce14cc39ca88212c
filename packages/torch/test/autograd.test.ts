import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cat, gradients, memory, noGrad, scope, type Tensor, TorchError, tensor, zeros } from '../src/index.js';

const values = (t: Tensor | null): number[] => [...(t ?? zeros([0])).toTypedArray()].map(Number);
const close = (t: Tensor | null, expected: number[]): void =>
  assert.deepEqual(
    values(t).map((v) => Number(v.toPrecision(12))),
    expected.map((v) => Number(v.toPrecision(12))),
  );
const leaf = (...numbers: number[]): Tensor =>
  tensor(new Float64Array(numbers), [numbers.length], { requiresGrad: true });

test('backward leaves d loss / d leaf in grad: d Σ x³ = 3x²', () => {
  const x = leaf(1, -2, 3);
  assert.equal(x.grad, null);
  x.pow(3).sum().backward();
  close(x.grad, [3, 12, 27]);
});

test('the gradient of a linear layer: dW = gᵀx, dx = gW, db = Σ g', () => {
  const x = tensor(new Float64Array([1, 2, 3, 4]), [2, 2], { requiresGrad: true });
  const w = tensor(new Float64Array([0.5, -1, 2, 0, 1, 1]), [3, 2], { requiresGrad: true });
  const b = leaf(0, 0, 0);
  const g = tensor(new Float64Array([1, 0, 2, -1, 3, 0]), [2, 3]);
  x.matmul(w.transpose(0, 1)).add(b).backward(g);
  close(x.grad, [2.5, 1, 5.5, 1]);
  close(w.grad, [-2, -2, 9, 12, 2, 4]);
  close(b.grad, [0, 3, 2]);
});

test('gradients add up over backward passes until grad is set to null', () => {
  const x = leaf(2);
  x.mul(5).backward();
  x.mul(7).backward();
  close(x.grad, [12]);
  x.grad = null;
  assert.equal(x.grad, null);
  x.grad = tensor(new Float64Array([1]));
  x.mul(7).backward();
  close(x.grad, [8]);
  assert.throws(
    () => (x.grad = zeros([3])),
    /grad = Tensor \[3\] float32 cpu \(of Tensor \[1\] float64 cpu\): a gradient must have the shape/,
  );
});

test('a graph is used up by backward, unless it is retained', () => {
  const x = leaf(3);
  const y = x.square();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  close(x.grad, [12]);
  assert.throws(() => y.backward(), /a second time/);
});

test('detach cuts the graph and shares the memory', () => {
  const x = leaf(3);
  const cut = x.square().detach();
  assert.equal(cut.requiresGrad, false);
  x.mul(cut).backward();
  close(x.grad, [9]);
  const shared = x.detach();
  shared.fill_(5);
  close(x.detach(), [5]);
});

test('noGrad records nothing, nests, and ends with an exception too', () => {
  const x = leaf(3);
  const y = noGrad(() => {
    noGrad(() => x.add_(1));
    return x.square();
  });
  assert.equal(y.requiresGrad, false);
  assert.throws(() => noGrad(() => assert.fail('on purpose')), /on purpose/);
  assert.equal(x.square().requiresGrad, true);
  close(x.detach(), [4]);
  assert.throws(() => x.add_(1), /aten::add_\.Scalar: a leaf Variable that requires grad/);
  assert.throws(() => noGrad(async () => 1), /noGrad: the function returned a promise/);
});

test('backward says what it cannot do', () => {
  assert.throws(
    () => leaf(1, 2).mul(2).backward(),
    /backward \(from Tensor \[2\] float64 cpu\): grad can be implicitly created only for scalar/,
  );
  assert.throws(() => zeros([1]).backward(), /does not require grad/);
  assert.throws(
    () =>
      leaf(1, 2)
        .mul(2)
        .backward(zeros([3])),
    TorchError,
  );
  const x = leaf(2);
  const y = x.exp();
  noGrad(() => y.add_(1));
  assert.throws(() => y.backward(), /modified by an inplace operation/);
});

test('gradients() gives them without touching grad; null for what was not used', () => {
  const [x, y, unused] = [leaf(2), leaf(5), leaf(1)];
  const [dx, dy, none] = gradients([x.square().mul(y)], [x, y, unused]);
  close(dx, [20]);
  close(dy, [4]);
  assert.equal(none, null);
  assert.equal(x.grad, null);
  const [weighted] = gradients([leaf(1).add(x), x.mul(3)], [x], { gradOutputs: [leaf(10), leaf(100)] });
  close(weighted, [310]);
});

test('second derivatives: d² sin(x)·x³ and a Hessian', () => {
  const x = leaf(0.7);
  const [first] = gradients([x.sin().mul(x.pow(3))], [x], { createGraph: true });
  const [second] = gradients([first as Tensor], [x]);
  close(second, [-Math.sin(0.7) * 0.7 ** 3 + 6 * 0.7 ** 2 * Math.cos(0.7) + 6 * 0.7 * Math.sin(0.7)]);
  const z = leaf(1, 2); // f = z₀² z₁³
  const f = z.select(0, 0).pow(2).mul(z.select(0, 1).pow(3));
  const [slope] = gradients([f], [z], { createGraph: true });
  const rows = [0, 1].map((i) => gradients([(slope as Tensor).select(0, i)], [z], { retainGraph: true })[0] as Tensor);
  close(cat(rows), [16, 24, 24, 12]);
});

test('a gradient agrees with finite differences through a small network', () => {
  const numbers = Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7));
  const loss = (w: Tensor): Tensor => {
    const h = tensor(new Float64Array([0.3, -0.8, 1.1, 0.2]), [1, 4])
      .matmul(w.reshape([4, 3]))
      .gelu();
    return h.softmax(-1).mul(h.square()).sum().sqrt();
  };
  const w = leaf(...numbers);
  loss(w).backward();
  const numeric = numbers.map((_, i) => {
    const at = (step: number): number => loss(leaf(...numbers.map((v, j) => (i === j ? v + step : v)))).item();
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  });
  // Central differences of step 1e-5: an error of about 1e-10 from the step, and as much from rounding
  for (const [i, v] of values(w.grad).entries())
    assert.ok(Math.abs(v - numeric[i]) < 1e-8, `element ${i}: ${v} and ${numeric[i]}`);
});

test('disposing intermediate tensors does not hurt the graph that needs them', () => {
  const x = leaf(1, 2, 3);
  const loss = scope(() => x.mul(x).exp().log().sum());
  const before = memory().tensors;
  loss.backward();
  assert.equal(memory().tensors, before);
  close(x.grad, [2, 4, 6]);
});
