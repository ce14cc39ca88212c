// Linear layers of the addon (native/linear.cc) beside libtorch's and beside float64.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dtype, gradients, linear, manualSeed, noGrad, randn, type Tensor, trace } from '../../src/index.js';
import { native } from '../../src/native.js';

/** The shape of x, and the outputs. */
const cases: Record<string, { x: readonly number[]; outputs: number; turned?: boolean; bias?: boolean }> = {
  tokens: { x: [3, 17, 33], outputs: 65 },
  'rows, without a bias': { x: [5, 7], outputs: 3, bias: false },
  'one row and one output': { x: [1, 1, 4], outputs: 1 },
  'heads beside each other in memory': { x: [2, 3, 5, 8], outputs: 16, turned: true },
};

/** x, weight, bias and a gradient of the result, as bfloat16 has them exactly. */
function inputs({ x: shape, outputs, turned = false }: (typeof cases)[string]): Tensor[] {
  manualSeed(1);
  const numbers = (sizes: readonly number[]) => randn(sizes).to('bfloat16').double();
  const x = numbers(shape);
  const given = turned ? x.transpose(1, 2).contiguous().transpose(1, 2) : x;
  return [given, numbers([outputs, shape.at(-1) ?? 1]), numbers([outputs]), numbers([...shape.slice(0, -1), outputs])];
}

/** The result, its gradients, and those of their sum of squares, in float64. */
function computed(given: readonly Tensor[], dtype: Dtype, hasBias = true): Tensor[] {
  const [x, weight, bias, grad] = given.map((each) => each.to(dtype).detach());
  const parts = hasBias ? [x, weight, bias] : [x, weight];
  for (const part of parts) part.requiresGrad = true;
  const y = linear(x, weight, hasBias ? bias : null);
  const first = gradients([y], parts, { gradOutputs: [grad], createGraph: true }) as Tensor[];
  const squares = first[0].square().sum().add(first[1].square().sum());
  const second = gradients([squares], [x, weight]) as Tensor[];
  return [y, ...first, ...second].map((each) => each.detach().double());
}

function byLibtorch<T>(run: () => T): T {
  const before = native.setReplacement('aten::linear', false);
  try {
    return run();
  } finally {
    native.setReplacement('aten::linear', before === 1);
  }
}

for (const [name, given] of Object.entries(cases))
  for (const [dtype, limit] of [
    ['float32', 2e-6],
    ['bfloat16', 0.01], // 8 bits
  ] as const)
    test(`a linear layer on ${name}, in ${dtype}: result, gradients and their gradients are those of float64`, () => {
      const values = inputs(given);
      const expected = computed(values, 'float64', given.bias);
      const own = computed(values, dtype, given.bias);
      const stock = byLibtorch(() => computed(values, dtype, given.bias));
      for (const found of [own, stock])
        for (const [i, each] of found.entries()) {
          assert.deepEqual(each.shape, expected[i].shape);
          const error = each.sub(expected[i]).abs().max().item() / Math.max(1, expected[i].abs().max().item());
          assert.ok(error < limit, `result ${i}: off by ${error}`);
        }
    });

test('a linear layer is the same bit for bit with and without gradients', () => {
  const [x, weight, bias] = inputs(cases.tokens).map((each) => each.float().detach());
  weight.requiresGrad = true;
  const recorded = linear(x, weight, bias).detach();
  assert.deepEqual(recorded.toTypedArray(), noGrad(() => linear(x, weight, bias)).toTypedArray());
});

test('only the gradients that are wanted are computed', () => {
  const [x, weight, bias] = inputs(cases.tokens).map((each) => each.float().detach());
  bias.requiresGrad = true;
  const y = linear(x, weight, bias);
  const [found] = gradients([y.sum()], [bias]) as Tensor[];
  assert.deepEqual([...new Set(found.toTypedArray() as Float32Array)], [3 * 17]);
});

test('a trace sees the operator of libtorch', () => {
  const [x, weight, bias] = inputs(cases.tokens).map((each) => each.float());
  using pass = trace(() => noGrad(() => linear(x, weight, bias)));
  assert.deepEqual(
    pass.calls.map(({ operator }) => operator),
    ['aten::linear'],
  );
});
