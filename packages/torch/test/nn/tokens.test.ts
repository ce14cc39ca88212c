// The addon's own convolution of tokens (native/convolution.cc) beside libtorch's operators in float64.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  convolveTokens,
  type Dtype,
  gradients,
  groupNorm,
  manualSeed,
  noGrad,
  randn,
  runtime,
  setThreads,
  type Tensor,
  trace,
  unsafe,
} from '../../src/index.js';
import { testOnOtherProcessors } from './otherProcessors.js';

interface Case {
  readonly grid: readonly number[];
  readonly channels: number;
  readonly groups: number;
  readonly kernel: number;
}
const cases: Record<string, Case> = {
  'a signal': { grid: [13], channels: 48, groups: 12, kernel: 5 },
  'a picture': { grid: [5, 7], channels: 32, groups: 8, kernel: 3 },
  'a picture with a wide window': { grid: [4, 3], channels: 16, groups: 4, kernel: 7 },
  'a clip': { grid: [3, 4, 5], channels: 16, groups: 4, kernel: 3 },
  'groups wider than a vector': { grid: [9, 9], channels: 96, groups: 4, kernel: 3 },
  'one group': { grid: [6, 12], channels: 64, groups: 1, kernel: 1 },
};
const eps = 1e-5;
const hasKernels = /AVX(2|512)/.test(runtime().cpuCapability);

/** x with other tokens behind those of the grid, and the parameters; bfloat16 has all of them exactly. */
function inputs({ grid, channels, kernel }: Case, batch = 3): Tensor[] {
  manualSeed(1);
  const tokens = grid.reduce((product, size) => product * size);
  const values = (shape: readonly number[]) => randn(shape).to('bfloat16').double();
  const x = values([batch, tokens + 2, channels]);
  const window = grid.map(() => kernel);
  return [x, values([channels, 1, ...window]), ...[0, 1, 2].map(() => values([channels]))];
}

const own = (x: Tensor, [weight, bias, gain, shift]: readonly Tensor[], { grid, groups }: Case): Tensor | null =>
  convolveTokens(x, { grid, weight, bias, norm: { weight: gain, bias: shift }, groups, eps });

function plain(x: Tensor, [weight, bias, gain, shift]: readonly Tensor[], { grid, groups, kernel }: Case): Tensor {
  const map = x.transpose(1, 2).reshape([x.shape[0], x.shape[2], ...grid]);
  const ones = grid.map(() => 1);
  const padding = grid.map(() => kernel >> 1);
  const zero = grid.map(() => 0);
  const args = [map, weight, bias, ones, padding, ones, false, zero, x.shape[2]];
  const convolved = unsafe.call('aten::convolution', args) as Tensor;
  return groupNorm(convolved, groups, gain, shift, eps).silu().flatten(2).transpose(1, 2);
}

/** The result, its gradients by x and the parameters, and those of a sum of their squares. */
function computed(run: typeof own, given: Case, dtype: Dtype, second = false): Tensor[] {
  const [all, ...rest] = inputs(given);
  const isHalf = dtype === 'bfloat16';
  const x = all.to(dtype).detach();
  const parameters = rest.map((each) => each.to(isHalf ? 'float32' : dtype).detach());
  for (const each of [x, ...parameters]) each.requiresGrad = true;
  const y = run(x.narrow(1, 0, all.shape[1] - 2), parameters, given);
  assert.ok(y, 'no kernel');
  manualSeed(2);
  const grad = randn(y.shape).to('bfloat16').to(dtype);
  const first = gradients([y], [x, ...parameters], { gradOutputs: [grad], createGraph: second }) as Tensor[];
  const found = [y, ...first];
  if (second) {
    const squares = first.map((each) => each.square().sum()).reduce((sum, each) => sum.add(each));
    found.push(...(gradients([squares], [x, ...parameters.slice(0, 3)]) as Tensor[]));
  }
  return found.map((each) => each.detach().double());
}

function nearAll(found: readonly Tensor[], expected: readonly Tensor[], limit: number): void {
  for (const [i, each] of found.entries()) {
    assert.deepEqual(each.shape, expected[i].shape);
    const error = each.sub(expected[i]).abs().max().item() / Math.max(1, expected[i].abs().max().item());
    assert.ok(error < limit, `result ${i}: off by ${error}`);
  }
}

for (const [name, given] of Object.entries(cases)) {
  test(`convolution of tokens, ${name}: that of float64, forward and backward`, { skip: !hasKernels }, (context) => {
    const exact = computed(plain, given, 'float64');
    nearAll(computed(own, given, 'float32'), exact, 1e-5);
    const [x, ...parameters] = inputs(given).map((each) => each.float());
    if (own(x.to('bfloat16').narrow(1, 0, x.shape[1] - 2), parameters, given))
      nearAll(computed(own, given, 'bfloat16'), exact, 0.015); // x, its gradient and the result have 8 bits
    else context.diagnostic('bfloat16 has no kernel on this processor');
  });
}

test('convolution of tokens has gradients of gradients', { skip: !hasKernels }, () => {
  const given = cases['a picture'];
  nearAll(computed(own, given, 'float32', true), computed(plain, given, 'float64', true), 1e-4);
});

test('with a graph of the gradients, a weight that is used twice counts each use once', { skip: !hasKernels }, () => {
  const given = cases['a picture'];
  const [all, ...rest] = inputs(given).map((each) => each.float());
  const [weight, ...others] = rest.map((each) => each.detach());
  weight.requiresGrad = true;
  const x = all.narrow(1, 0, 35).contiguous();
  const loss = () => {
    const once = own(x, [weight, ...others], given) as Tensor;
    return (own(once, [weight, ...others], given) as Tensor).square().sum();
  };
  const [first] = gradients([loss()], [weight]) as Tensor[];
  nearAll(gradients([loss()], [weight], { createGraph: true }) as Tensor[], [first], 1e-5);
});

test('gradients of parameters can be changed one without the other', { skip: !hasKernels }, () => {
  const given = cases['a picture'];
  const [all, ...parameters] = inputs(given).map((each) => each.float().detach());
  for (const each of parameters) each.requiresGrad = true;
  const y = own(all.narrow(1, 0, 35).contiguous(), parameters, given) as Tensor;
  const [, bias, gain] = gradients([y.square().sum()], parameters) as Tensor[];
  const factor = randn(bias.shape);
  factor.requiresGrad = true;
  const used = factor.mul(bias).sum();
  gain.zero_();
  used.backward();
  assert.ok(factor.grad);
});

test('a grid that no picture has is left to libtorch', { skip: !hasKernels }, () => {
  const given = cases['a picture'];
  const [all, ...parameters] = inputs(given).map((each) => each.float());
  assert.equal(own(all.narrow(1, 0, 35), parameters, { ...given, grid: [-5, -7] }), null);
});

test('convolution of tokens is the same bit for bit with and without gradients, in any batch, with any number of threads', {
  skip: !hasKernels,
}, () => {
  const given = cases['groups wider than a vector'];
  const [all, ...parameters] = inputs(given).map((each) => each.float());
  const x = all.narrow(1, 0, 81);
  const alone = noGrad(() => own(x.narrow(0, 1, 1), parameters, given)) as Tensor;
  const { threads } = runtime();
  const run = (count: number): Tensor[] => {
    setThreads(count);
    const input = x.detach();
    for (const each of [input, ...parameters]) each.requiresGrad = true;
    const y = own(input, parameters, given) as Tensor;
    const found = gradients([y], [input, ...parameters], { gradOutputs: [y.detach()] }) as Tensor[];
    setThreads(threads);
    return [y.detach(), ...found];
  };
  const [one, three] = [run(1), run(3)];
  for (const [i, each] of one.entries()) assert.deepEqual(each.toTypedArray(), three[i].toTypedArray(), `result ${i}`);
  assert.deepEqual(alone.toTypedArray(), one[0].narrow(0, 1, 1).contiguous().toTypedArray());
});

test('a value that is no number shows in its group of its sample, and an infinite one of a sigmoid stays finite', {
  skip: !hasKernels,
}, () => {
  const given = cases['a picture'];
  const [all, ...parameters] = inputs(given).map((each) => each.float());
  const x = all.narrow(1, 0, 35).contiguous();
  x.narrow(0, 1, 1).narrow(1, 17, 1).narrow(2, 5, 1).fill_(Number.NaN);
  const y = noGrad(() => own(x, parameters, given)) as Tensor;
  const wrong = Array.from(y.transpose(1, 2).contiguous().sum(2).toTypedArray() as Float32Array, Number.isNaN);
  assert.deepEqual(
    wrong.flatMap((is, at) => (is ? [at] : [])),
    [36, 37, 38, 39], // channels 4 to 7 of the second sample
  );
  const [weight, bias, gain, shift] = parameters;
  const far = shift.mul(0).sub(1e4); // σ(z) is 0
  const low = noGrad(() => own(all.narrow(1, 0, 35), [weight, bias, gain, far], given)) as Tensor;
  assert.ok(low.abs().max().item() < 1e-30);
});

test('where there is no kernel, the answer is null: in a trace, in float64, and with channels that fill no vectors', () => {
  const given = cases['a picture'];
  const [all, ...parameters] = inputs(given);
  const x = all.narrow(1, 0, 35);
  assert.equal(own(x, parameters, given), null);
  const float = [x, ...parameters].map((each) => each.float());
  using pass = trace(() => own(float[0], float.slice(1), given));
  assert.equal(pass.result, null);
  const narrow = { ...given, channels: 20, groups: 5 };
  const [others, ...rest] = inputs(narrow).map((each) => each.float());
  assert.equal(own(others.narrow(1, 0, 35), rest, narrow), null);
  assert.equal(own(float[0], float.slice(1), { ...given, grid: [7, 7] }), null);
});

testOnOtherProcessors('convolution of tokens', import.meta.url, /^ok .* convolution of tokens, a clip/m);
