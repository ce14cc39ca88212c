// Gradients of depthwise convolutions of clips: the addon computes them by another way than libtorch (native/depthwise.cc).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autocast, conv3d, type Dtype, gradients, noGrad, type Tensor, tensor } from '../../src/index.js';

/** Numbers without a pattern, from −1 to 1, which bfloat16 has exactly. */
function values(shape: readonly number[], salt: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => ((Math.imul(i + 1, 2654435761 + 2 * salt) >>> 25) - 64) / 64),
    shape,
  );
}

interface Case {
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  /** of x in memory */
  readonly channelsLast?: boolean;
}
const cases: Record<string, Case> = {
  'frames one by one in memory': { x: [2, 3, 4, 5, 6], kernel: [3, 3, 3] },
  'channels last, as a network has them': { x: [2, 8, 4, 5, 6], kernel: [3, 3, 3], channelsLast: true },
  'a kernel with three sizes': { x: [1, 2, 6, 5, 4], kernel: [5, 1, 3] },
  'a kernel longer than the clip': { x: [2, 2, 2, 3, 3], kernel: [7, 3, 5] },
  'a single frame': { x: [3, 2, 1, 4, 4], kernel: [3, 3, 3] },
};

/** The gradients by x, weight and bias of Σ y·g, and of the sum of squares of those by x and weight. */
function computed({ x: shape, kernel, channelsLast = false }: Case, dtype: Dtype): Tensor[] {
  const [, channels] = shape;
  const given = values(shape, 1).to(dtype);
  const x = channelsLast ? given.permute([0, 2, 3, 4, 1]).contiguous().permute([0, 4, 1, 2, 3]) : given;
  const inputs = [x, values([channels, 1, ...kernel], 2).to(dtype), values([channels], 3).to(dtype)];
  for (const input of inputs) input.requiresGrad = true;
  const [input, weight, bias] = inputs;
  const y = conv3d(input, weight, bias, { padding: kernel.map((size) => size >> 1), groups: channels });
  const first = gradients([y], inputs, { gradOutputs: [values(y.shape, 4).to(dtype)], createGraph: true }) as Tensor[];
  const squares = first[0].square().sum().add(first[1].square().sum());
  const second = gradients([squares], [input, weight]) as Tensor[];
  return [y, ...first, ...second].map((each) => each.detach().double());
}

for (const [name, given] of Object.entries(cases)) {
  test(`depthwise convolution of clips, ${name}: gradients in float32 are those in float64`, () => {
    const [found, expected] = [computed(given, 'float32'), computed(given, 'float64')];
    for (const [i, each] of found.entries()) {
      assert.deepEqual(each.shape, expected[i].shape);
      const error = each.sub(expected[i]).abs().max().item() / Math.max(1, expected[i].abs().max().item());
      assert.ok(error < 1e-5, `result ${i}: off by ${error}`);
    }
  });
}

test('the convolution is the same with and without gradients, bit for bit', () => {
  const [x, weight] = [values([2, 8, 4, 5, 6], 1).float(), values([8, 1, 3, 3, 3], 2).float()];
  weight.requiresGrad = true;
  const run = () => conv3d(x, weight, null, { padding: 1, groups: 8 });
  const [recorded, plain] = [run(), noGrad(run)];
  assert.deepEqual(recorded.detach().toTypedArray(), plain.toTypedArray());
});

test('with autocast, a float32 weight gets a float32 gradient', () => {
  const [x, weight] = [values([1, 4, 3, 3, 3], 1).float(), values([4, 1, 3, 3, 3], 2).float()];
  weight.requiresGrad = true;
  const run = () => conv3d(x, weight, null, { padding: 1, groups: 4 });
  const mixed = autocast('cpu', 'bfloat16', run);
  const [found] = gradients([mixed.float().square().sum()], [weight]) as Tensor[];
  const [exact] = gradients([run().square().sum()], [weight]) as Tensor[];
  assert.equal(found.dtype, 'float32');
  const error = found.sub(exact).abs().max().item() / exact.abs().max().item();
  assert.ok(error < 0.03, `off by ${error}`); // bfloat16 has 8 bits
});
