// Attention of the addon's own kernels (native/attention.cc) beside libtorch's and beside float64.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Dtype,
  gradients,
  manualSeed,
  noGrad,
  randn,
  runtime,
  scaledDotProductAttention,
  setThreads,
  type Tensor,
  tensor,
  trace,
  unsafe,
} from '../../src/index.js';
import { native } from '../../src/native.js';
import { testOnOtherProcessors } from './otherProcessors.js';

/** [batch, heads, queries, keys, width] of a head; none of them fills whole vectors or blocks, but the last two do */
const cases = [
  [2, 3, 1, 1, 1],
  [1, 2, 7, 5, 3],
  [2, 1, 65, 67, 17],
  [1, 3, 130, 129, 33],
  [2, 2, 24, 70, 48],
  [1, 1, 100, 300, 100],
  [1, 2, 64, 128, 32],
  [2, 2, 192, 64, 16],
] as const;

/** q, k and v as views of a packed projection [batch, tokens, heads·width], and a gradient of the result. */
function inputs([batch, heads, queries, keys, width]: readonly number[]): Tensor[] {
  manualSeed(1);
  const packed = (tokens: number) => randn([batch, tokens, heads, width]).to('bfloat16').double().transpose(1, 2);
  return [packed(queries), packed(keys), packed(keys), packed(queries)];
}

/** The result, and its gradients by q, k and v, in float64. */
function computed([q, k, v, grad]: readonly Tensor[], dtype: Dtype): Tensor[] {
  const given = [q, k, v].map((each) => each.to(dtype).detach());
  for (const each of given) each.requiresGrad = true;
  const [query, key, value] = given;
  const y = scaledDotProductAttention(query, key, value);
  const found = gradients([y], given, { gradOutputs: [grad.to(dtype)] }) as Tensor[];
  return [y, ...found].map((each) => each.detach().double());
}

/** Runs without the addon's own kernels. */
function byLibtorch<T>(run: () => T): T {
  const before = native.setReplacement('aten::scaled_dot_product_attention', false);
  try {
    return run();
  } finally {
    native.setReplacement('aten::scaled_dot_product_attention', before === 1);
  }
}

/** The largest error of each tensor, as a share of the largest value expected, or of 1. */
const errors = (found: readonly Tensor[], expected: readonly Tensor[]): number[] =>
  found.map((each, i) => {
    assert.deepEqual(each.shape, expected[i].shape);
    return each.sub(expected[i]).abs().max().item() / Math.max(1, expected[i].abs().max().item());
  });

for (const sizes of cases) {
  const given = inputs(sizes);
  const exact = computed(given, 'float64');
  for (const [dtype, limit] of [
    ['float32', 2e-6],
    ['bfloat16', 0.015], // 8 bits; the weights are rounded too
  ] as const) {
    test(`attention [${sizes.join(', ')}] in ${dtype} is that of float64, forward and backward`, () => {
      const own = computed(given, dtype);
      const stock = byLibtorch(() => computed(given, dtype));
      for (const [i, error] of errors(own, exact).entries()) assert.ok(error < limit, `result ${i}: off by ${error}`);
      for (const [i, error] of errors(stock, exact).entries()) assert.ok(error < limit, `libtorch ${i}: ${error}`);
    });
  }
}

test('attention is the same bit for bit with and without gradients, in any batch, and with any number of threads', () => {
  const [q, k, v] = inputs([3, 2, 66, 24, 32]).map((each) => each.float());
  const first = (x: Tensor) => x.narrow(0, 0, 1);
  const plain = noGrad(() => scaledDotProductAttention(q, k, v));
  const alone = noGrad(() => scaledDotProductAttention(first(q), first(k), first(v)));
  const { threads } = runtime();
  setThreads(threads === 1 ? 2 : 1);
  q.requiresGrad = true;
  const recorded = scaledDotProductAttention(q, k, v).detach();
  setThreads(threads);
  assert.deepEqual(recorded.toTypedArray(), plain.toTypedArray());
  assert.deepEqual(alone.contiguous().toTypedArray(), first(plain).contiguous().toTypedArray());
});

test('attention of rows that are not contiguous', () => {
  const [q, k, v] = inputs([1, 2, 33, 16, 20]).map((each) => each.float());
  const turned = (x: Tensor) => x.transpose(2, 3).contiguous().transpose(2, 3); // tokens lie beside each other
  const found = noGrad(() => scaledDotProductAttention(turned(q), turned(k), turned(v)));
  const expected = noGrad(() => scaledDotProductAttention(q, k, v));
  assert.ok(found.sub(expected).abs().max().item() < 1e-6);
});

test('attention has gradients of gradients', {
  skip:
    !/AVX(2|512)/.test(runtime().cpuCapability) && 'libtorch has none, and the addon has no kernels for this processor',
}, () => {
  const plainly = (q: Tensor, k: Tensor, v: Tensor) =>
    q.matmul(k.transpose(2, 3)).div(Math.sqrt(8)).softmax(3).matmul(v);
  const second = (dtype: Dtype, attention: typeof plainly) => {
    const given = inputs([1, 2, 9, 6, 8]).map((each) => each.to(dtype).detach());
    const [q, k, v] = given;
    for (const each of given) each.requiresGrad = true;
    const y = attention(q, k, v);
    const first = gradients([y.square().sum()], [q, k, v], { createGraph: true }) as Tensor[];
    const squares = first.map((each) => each.square().sum()).reduce((sum, each) => sum.add(each));
    return (gradients([squares], [q, k, v]) as Tensor[]).map((each) => each.detach().double());
  };
  const exact = second('float64', plainly);
  for (const error of errors(second('float32', scaledDotProductAttention), exact))
    assert.ok(error < 1e-4, `off by ${error}`);
});

test('a value that is no number, or infinite, shows in the results that depend on it', () => {
  for (const dtype of ['float32', 'bfloat16'] as const)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const [q, k, v] = inputs([1, 1, 20, 12, 16]).map((each) => each.to(dtype).contiguous());
      q.narrow(2, 3, 1).fill_(wrong);
      const rows = noGrad(() => scaledDotProductAttention(q, k, v))
        .float()
        .sum(3)
        .toTypedArray() as Float32Array;
      assert.deepEqual(Array.from(rows, Number.isNaN).indexOf(true), 3);
      assert.equal(Array.from(rows).filter(Number.isNaN).length, 1);
      v.narrow(2, 5, 1).fill_(wrong);
      const all = noGrad(() => scaledDotProductAttention(q, k, v))
        .float()
        .sum(3)
        .toTypedArray() as Float32Array;
      assert.ok(all.every((each) => !Number.isFinite(each)));
    }
});

test('a negative scale takes the smallest product as the largest logit', () => {
  const one = (values: number[]) => tensor([[values.map((value) => [value])]]);
  const y = unsafe.call('aten::scaled_dot_product_attention', [one([1]), one([0, 100]), one([1, 2])], {
    scale: -1,
  }) as Tensor;
  assert.equal(y.item(), 1);
});

test('a trace sees the operator of libtorch', () => {
  const [q, k, v] = inputs([1, 2, 8, 8, 16]).map((each) => each.float());
  using pass = trace(() => noGrad(() => scaledDotProductAttention(q, k, v)));
  assert.deepEqual(
    pass.calls.map(({ operator }) => operator),
    ['aten::scaled_dot_product_attention'],
  );
});

testOnOtherProcessors(
  'attention',
  import.meta.url,
  new RegExp(`^ok .* attention \\[${cases[0].join(', ')}\\] in bfloat16`, 'm'),
);
