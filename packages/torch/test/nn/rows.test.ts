// LayerNorm, and a linear layer alone and with GELU or a residual, as the addon computes them (native/layerNorm.cc,
// native/linear.cc), beside libtorch's operators and beside float64.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autocast,
  type Dtype,
  gradients,
  LayerNorm,
  Linear,
  manualSeed,
  noGrad,
  Recomputation,
  randn,
  runtime,
  setThreads,
  type Tensor,
  tensor,
  trace,
} from '../../src/index.js';
import { native } from '../../src/native.js';
import { testOnOtherProcessors } from './otherProcessors.js';

const skip = !/AVX(2|512)/.test(runtime().cpuCapability) && 'the addon has no kernels for this processor';

const names = ['rin::linear_gelu', 'rin::linear_added', 'aten::layer_norm', 'aten::linear'];

/**
 * [batch, tokens, inputs, outputs]: rows below and above a block, first without whole vectors, then with them. The last product is
 * so large that oneDNN computes it on some processors.
 */
const cases = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [3, 43, 20, 37],
  [2, 96, 33, 130],
  [1, 64, 16, 64],
  [4, 40, 64, 192],
  [8, 65, 130, 128],
] as const;

/** Runs without the addon's own kernels. */
function byLibtorch<T>(run: () => T): T {
  const before = names.map((name) => native.setReplacement(name, false));
  try {
    return run();
  } finally {
    for (const [i, name] of names.entries()) native.setReplacement(name, before[i] === 1);
  }
}

/** Layers with values that bfloat16 has exactly. */
function layers(inputs: number, outputs: number, dtype: Dtype) {
  manualSeed(2);
  const made = { up: new Linear(inputs, outputs), down: new Linear(outputs, inputs), norm: new LayerNorm(inputs) };
  noGrad(() => {
    for (const layer of Object.values(made))
      for (const each of Object.values(layer.parameters())) each.copy_(randn(each.shape).to('bfloat16'));
  });
  for (const layer of Object.values(made)) layer.to(dtype);
  return made;
}

type Made = ReturnType<typeof layers>;
const parts: Record<string, (made: Made, x: Tensor) => Tensor> = {
  linear: ({ up }, x) => up.forward(x),
  gelu: ({ up }, x) => up.gelu(x),
  addedTo: ({ up, down }, x) => down.addedTo(x, up.forward(x)),
  norm: ({ norm }, x) => norm.forward(x),
};
const whole = (made: Made, x: Tensor): Tensor => made.down.addedTo(x, made.up.gelu(made.norm.forward(x)));

const exactly = (shape: readonly number[], seed: number): Tensor => {
  manualSeed(seed);
  return randn(shape).to('bfloat16').double();
};

/** The result, and its gradients by x and all parameters that it depends on, in float64. */
function computed(part: typeof whole, [batch, tokens, inputs, outputs]: readonly number[], dtype: Dtype): Tensor[] {
  const made = layers(inputs, outputs, dtype);
  const x = exactly([batch, tokens, inputs], 3).mul(2).to(dtype).detach();
  x.requiresGrad = true;
  const y = part(made, x);
  const variables = [x, ...Object.values(made).flatMap((layer) => Object.values(layer.parameters()))];
  const found = gradients([y], variables, { gradOutputs: [exactly(y.shape, 4).to(dtype)] });
  return [y, ...found].flatMap((each) => (each ? [each.detach().double()] : []));
}

/** The largest error of each tensor, as a share of the largest value expected, or of 1. */
const errors = (found: readonly Tensor[], expected: readonly Tensor[]): number[] => {
  assert.equal(found.length, expected.length);
  return found.map((each, i) => {
    assert.deepEqual(each.shape, expected[i].shape);
    return each.sub(expected[i]).abs().max().item() / Math.max(1, expected[i].abs().max().item());
  });
};

for (const [name, part] of Object.entries(parts))
  for (const [dtype, limit] of [
    ['float32', 3e-6],
    ['bfloat16', 0.06], // 8 bits, and some roundings; libtorch also sums the gradients of a LayerNorm with 8 bits
  ] as const)
    test(`${name} in ${dtype} is that of float64, forward and backward`, () => {
      for (const sizes of cases) {
        const exact = computed(part, sizes, 'float64');
        for (const [i, error] of errors(computed(part, sizes, dtype), exact).entries())
          assert.ok(error < limit, `[${sizes}], result ${i}: off by ${error}`);
      }
    });

test('the kernels are no less exact than libtorch', () => {
  const sizes = [8, 64, 128, 160];
  const exact = computed(whole, sizes, 'float64');
  const own = errors(computed(whole, sizes, 'float32'), exact);
  const stock = errors(
    byLibtorch(() => computed(whole, sizes, 'float32')),
    exact,
  );
  for (const [i, error] of own.entries())
    assert.ok(error < 3 * stock[i] + 1e-7, `result ${i}: off by ${error}, and libtorch by ${stock[i]}`);
});

test('GELU and its slope over their whole range', { skip }, () => {
  const one = new Linear(1, 1);
  noGrad(() => one.weight.fill_(1));
  const x = tensor(
    Float32Array.from({ length: 4001 }, (_, i) => i / 200 - 10),
    [4001, 1],
  );
  x.requiresGrad = true;
  const y = one.gelu(x);
  const exact = x.detach().double();
  exact.requiresGrad = true;
  const expected = exact.gelu();
  const [slope] = gradients([y.sum()], [x]) as Tensor[];
  const [expectedSlope] = gradients([expected.sum()], [exact]) as Tensor[];
  const scale = exact.detach().abs().clamp(1, 20);
  assert.ok(y.detach().double().sub(expected.detach()).div(scale).abs().max().item() < 2.5e-7);
  assert.ok(slope.double().sub(expectedSlope).abs().max().item() < 3e-7);
  const values = y.detach().toTypedArray() as Float32Array;
  assert.equal(values[0], 0); // GELU(−10): −10·Φ(−10) is below the smallest step of ½
  assert.equal(values[4000], 10);
});

test('results are the same bit for bit with and without gradients, in any batch, and with any number of threads', {
  skip,
}, () => {
  const made = layers(64, 128, 'float32');
  const x = exactly([6, 128, 64], 3).float();
  const plain = noGrad(() => whole(made, x));
  const { threads } = runtime();
  const gradientsWith = (count: number) => {
    setThreads(count);
    const given = x.detach();
    given.requiresGrad = true;
    const normed = made.norm.forward(given);
    const found = gradients(
      [normed, made.up.gelu(x)],
      [given, made.norm.weight, made.norm.bias, made.up.bias as Tensor],
      {
        gradOutputs: [x, exactly([6, 128, 128], 5).float()],
      },
    );
    setThreads(threads);
    return [normed.detach(), ...found].map((each) => each?.toTypedArray());
  };
  assert.deepEqual(whole(made, x).detach().toTypedArray(), plain.toTypedArray());
  assert.deepEqual(gradientsWith(1), gradientsWith(2));
  const first = noGrad(() => made.norm.forward(x.narrow(0, 0, 1)));
  assert.deepEqual(
    first.toTypedArray(),
    noGrad(() => made.norm.forward(x))
      .narrow(0, 0, 1)
      .contiguous()
      .toTypedArray(),
  );
});

test('gradients of gradients', () => {
  const second = (dtype: Dtype) => {
    const made = layers(8, 12, dtype);
    const x = exactly([2, 5, 8], 3).to(dtype).detach();
    x.requiresGrad = true;
    const variables = [x, made.up.weight, made.norm.weight, made.down.weight];
    const first = gradients([whole(made, x).square().sum()], variables, { createGraph: true }) as Tensor[];
    const squares = first.map((each) => each.square().sum()).reduce((sum, each) => sum.add(each));
    return (gradients([squares], variables) as Tensor[]).map((each) => each.detach().double());
  };
  const exact = second('float64');
  const scale = Math.max(...exact.map((each) => each.abs().max().item()));
  for (const [i, each] of second('float32').entries())
    assert.ok(each.sub(exact[i]).abs().max().item() / scale < 1e-5, `gradient ${i}`);
});

test('a part that is computed again in the backward pass has the same gradients', () => {
  const made = layers(24, 48, 'float32');
  const x = exactly([2, 70, 24], 3).float();
  const parameters = Object.values(made).flatMap((layer) => Object.values(layer.parameters()));
  const found = (back: () => void) => {
    for (const each of parameters) each.grad = null;
    back();
    return parameters.map((each) => each.grad?.toTypedArray());
  };
  const again = found(() => {
    const recomputation = new Recomputation();
    const [y] = recomputation.run([x], ([given]) => [whole(made, given)]);
    recomputation.backward(y.square().mean());
  });
  assert.deepEqual(
    again,
    found(() => whole(made, x).square().mean().backward()),
  );
});

test('libtorch computes what the kernels do not take, with the same result', () => {
  const made = layers(16, 16, 'float32');
  const x = exactly([3, 16, 16], 3).float();
  const near = (found: Tensor, expected: Tensor, limit = 1e-5) =>
    assert.ok(found.float().sub(expected.float()).abs().max().item() < limit * expected.float().abs().max().item());
  noGrad(() => {
    const turned = x.transpose(1, 2);
    near(whole(made, turned), whole(made, turned.contiguous()));
    near(made.down.addedTo(x.narrow(1, 0, 1), x), made.down.addedTo(x.narrow(1, 0, 1).expand(x.shape).contiguous(), x)); // broadcast
    const without = new Linear(16, 16, { bias: false });
    near(without.gelu(x), without.forward(x).gelu());
    near(without.addedTo(x, x), x.add(without.forward(x)));
    near(
      autocast('cpu', 'bfloat16', () => whole(made, x)),
      whole(made, x),
      0.03,
    );
  });
  assert.throws(() => made.up.gelu(exactly([2, 3], 3).float()), /aten::linear/);
  assert.throws(() => made.up.addedTo(exactly([2, 3], 3).float(), x), /aten::add/);
});

test('a weight may change in place before the backward pass if no gradient needs its old value', () => {
  const [layer, x] = [new Linear(64, 64), randn([4096, 64])]; // so large that oneDNN computes it on some processors
  const y = layer.forward(x);
  noGrad(() => layer.weight.mul_(0.5));
  y.sum().backward();
  assert.ok(layer.weight.grad);
  x.requiresGrad = true;
  const z = layer.forward(x);
  noGrad(() => layer.weight.mul_(0.5));
  assert.throws(() => z.sum().backward(), /modified by an inplace operation/);
});

test('a value that is no number, or infinite, shows in the results that depend on it', () => {
  for (const dtype of ['float32', 'bfloat16'] as const)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const made = layers(20, 40, dtype);
      const x = exactly([1, 9, 20], 3).to(dtype);
      x.narrow(1, 3, 1).narrow(2, 17, 1).fill_(wrong);
      for (const part of Object.values(parts)) {
        const rows = noGrad(() => part(made, x).float().sum(2)).toTypedArray() as Float32Array;
        assert.deepEqual(
          Array.from(rows, (each) => !Number.isFinite(each)),
          Array.from(rows, (_, i) => i === 3),
        );
      }
    }
});

test('a trace sees the operators of libtorch', () => {
  const made = layers(16, 32, 'float32');
  const x = exactly([1, 4, 16], 3).float();
  using pass = trace(() => noGrad(() => whole(made, x)));
  assert.deepEqual(
    pass.calls.map(({ operator }) => operator),
    ['aten::layer_norm', 'aten::linear', 'aten::gelu', 'aten::linear', 'aten::add.Tensor'],
  );
});

testOnOtherProcessors('rows', import.meta.url, /^ok .* gelu in bfloat16/m);
