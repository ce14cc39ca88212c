import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autocast,
  dropout,
  Linear,
  manualSeed,
  memory,
  noGrad,
  Recomputation,
  rand,
  scope,
  type Tensor,
  TorchError,
  trace,
  zeros,
} from '../src/index.js';

const layers = Array.from({ length: 4 }, (_, i) => new Linear(24, 24, { seed: i }));
const start = new Linear(24, 24, { seed: 9 });
const shared = new Linear(24, 24, { seed: 10 });
const input = rand([8, 24], { seed: 1 });
const parameters = [start, shared, ...layers].flatMap(({ weight, bias }) => (bias ? [weight, bias] : [weight]));

/** One part: two tensors that change, and one that all parts use. Dropout draws from libtorch's generator. */
const part = (layer: Linear, [x, y, z]: readonly Tensor[]): Tensor[] => {
  const hidden = dropout(layer.forward(x).gelu(), 0.3, true);
  const next = y.add(hidden).mul(z);
  return [hidden.add(x), dropout(next, 0.5, true)];
};

/** The loss and the gradients of all parameters, over two passes. */
function learn(recompute: boolean): number[][] {
  for (const each of parameters) each.grad = null;
  manualSeed(7);
  const losses = [0, 1].map(() =>
    scope(() => {
      const recomputation = recompute ? new Recomputation() : undefined;
      const [first, z] = [start.forward(input), shared.forward(input)];
      let [x, y] = [first, first.mul(2)];
      for (const layer of layers) {
        const run = (given: readonly Tensor[]) => part(layer, given);
        [x, y] = recomputation ? recomputation.run([x, y, z], run) : run([x, y, z]);
      }
      const loss = x.mul(y).square().mean();
      if (recomputation) recomputation.backward(loss);
      else loss.backward();
      return loss.item();
    }),
  );
  return [losses, ...parameters.map(({ grad }) => Array.from(grad?.toTypedArray() ?? [], Number))];
}

test('losses, gradients and dropout are those of a plain pass, bit for bit, also where passes add up', () => {
  const [plain, again] = [learn(false), learn(true)];
  assert.ok(plain.every((values) => values.some((value) => value !== 0)));
  assert.deepEqual(again, plain);
});

test('afterwards the generator of libtorch is where a plain pass leaves it', () => {
  const next = (recompute: boolean) => {
    learn(recompute);
    return dropout(input, 0.5, true).tolist();
  };
  assert.deepEqual(next(true), next(false));
});

test('a part keeps only its results, and a plain pass everything', () => {
  const held = (recompute: boolean) =>
    scope(() => {
      const recomputation = new Recomputation();
      const x = zeros([64, 24], { requiresGrad: true });
      const run = ([given]: readonly Tensor[]) => [layers[0].forward(given).gelu().exp().mul(given)];
      const before = memory().bytes;
      if (recompute) recomputation.run([x], run);
      else run([x]);
      return memory().bytes - before;
    });
  const [state, one] = [5056, 64 * 24 * 4]; // the generator's state on the CPU, and one tensor
  assert.equal(held(false), 4 * one);
  assert.ok(held(true) <= one + state, `${held(true)}`);
});

test('a result that is an input goes on unchanged, and a part without influence on the loss is left out', () => {
  const x = zeros([3], { requiresGrad: true });
  const recomputation = new Recomputation();
  const [same, unused] = recomputation.run([x], ([given]) => [given, given.mul(3)]);
  const [y] = recomputation.run([same], ([given]) => [given.mul(5)]);
  assert.ok(unused.requiresGrad);
  recomputation.backward(y.sum());
  assert.deepEqual(x.grad?.tolist(), [5, 5, 5]);
});

test('an input without a gradient stays without one', () => {
  const x = zeros([3]);
  const recomputation = new Recomputation();
  const [y] = recomputation.run([x], ([given]) => [given.mul(start.weight.sum())]);
  recomputation.backward(y.sum());
  assert.equal(x.grad, null);
  assert.equal(x.requiresGrad, false);
});

test('inside a trace, and for a loss without a graph, it is refused', () => {
  const recomputation = new Recomputation();
  assert.throws(() => trace(() => recomputation.run([input], ([x]) => [x.mul(2)])), TorchError);
  assert.throws(() => recomputation.backward(noGrad(() => input.sum())), /does not require grad/);
});

test('a part is computed again with the precision of its first run', () => {
  const [layer] = layers;
  const found = (back: (loss: Tensor, recomputation: Recomputation) => void, isPlain: boolean) => {
    layer.weight.grad = null;
    const recomputation = new Recomputation();
    const body = ([x]: readonly Tensor[]) => [layer.forward(x).tanh()];
    const loss = autocast('cpu', 'bfloat16', () => {
      const [y] = isPlain ? body([input]) : recomputation.run([input], body);
      return y.float().square().mean();
    });
    back(loss, recomputation);
    return layer.weight.grad as Tensor | null;
  };
  const expected = found((loss) => loss.backward(), true)?.tolist();
  assert.ok(expected);
  assert.deepEqual(found((loss, recomputation) => recomputation.backward(loss), false)?.tolist(), expected);
});
