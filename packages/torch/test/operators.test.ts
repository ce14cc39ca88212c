import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as torch from '../src/index.js';
import { type DataArray, type Dtype, gradients, scope, Tensor, tensor, trace } from '../src/index.js';

/** Numbers of PyTorch. pytorch/operators.py writes them, and has the same cases in PyTorch's own words. */
interface Stored {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean)[];
}
interface Case {
  readonly inputs: readonly Stored[];
  readonly results: readonly Stored[];
  readonly gradients: readonly (readonly number[] | null)[];
}
const { cases } = JSON.parse(readFileSync(new URL('../../test/pytorch/operators.json', import.meta.url), 'utf8')) as {
  cases: Record<string, Case>;
};

type Run = (...inputs: Tensor[]) => Tensor | readonly Tensor[] | torch.Found;

const table: Record<string, Run> = {
  sign: (x) => x.sign(),
  floor: (x) => x.floor(),
  ceil: (x) => x.ceil(),
  leakyRelu: (x) => x.leakyRelu(),
  'leakyRelu, slope': (x) => x.leakyRelu({ negativeSlope: 0.2 }),
  softplus: (x) => x.softplus(),
  'softplus, beta and threshold': (x) => x.softplus({ beta: 3, threshold: 4 }),
  double: (x) => x.double(),
  long: (x) => x.long(),

  logSoftmax: (x) => x.logSoftmax(1),
  prod: (x) => x.prod(),
  'prod, dim': (x) => x.prod(0, { keepdim: true }),
  cumsum: (x) => x.cumsum(1),
  max: (x) => x.max(),
  min: (x) => x.min(),
  'max, dim': (x) => x.max(1),
  'min, dim': (x) => x.min(0, { keepdim: true }),
  argmin: (x) => x.argmin(),
  'argmin, dim': (x) => x.argmin(1, { keepdim: true }),
  topk: (x) => x.topk(2),
  'topk, smallest': (x) => x.topk(2, { dim: 0, largest: false }),
  sort: (x) => x.sort(),
  'sort, descending': (x) => x.sort(0, { descending: true }),
  'sort, equal elements': (x) => x.sort(),
  any: (x) => x.any(),
  'any, dim': (x) => x.any(1, { keepdim: true }),
  all: (x) => x.all(),
  'all, dims': (x) => x.all([0, 1]),

  gather: (x, i) => x.gather(0, i),
  scatter: (x, i, source) => x.scatter(0, i, source),
  'scatter, number': (x, i) => x.scatter(1, i, 1.5),
  'index, rows': (x, i) => x.index([i]),
  'index, pairs': (x, i, j) => x.index([i, j]),
  'index, columns': (x, j) => x.index([null, j]),
  'index, mask': (x, mask) => x.index([mask]),
  indexPut: (x, i, values) => x.indexPut([i], values),
  'indexPut, accumulate': (x, i, values) => x.indexPut([i], values, { accumulate: true }),
  tril: (x) => x.tril(),
  'tril, diagonal': (x) => x.tril(-1),
  triu: (x) => x.triu(),
  'triu, diagonal': (x) => x.triu(2),
  oneHot: (x) => torch.oneHot(x, 5),
  'oneHot, largest class': (x) => torch.oneHot(x),
  'einsum, matrices': (a, b) => torch.einsum('bik,bkj->bij', [a, b]),
  'einsum, three': (a, b, c) => torch.einsum('i,ij,j->', [a, b, c]),
  'einsum, trace': (a) => torch.einsum('...ii->...', [a]),

  crossEntropy: (x, t) => torch.crossEntropy(x, t),
  'crossEntropy, sum': (x, t) => torch.crossEntropy(x, t, { reduction: 'sum' }),
  'crossEntropy, none': (x, t) => torch.crossEntropy(x, t, { reduction: 'none' }),
  'crossEntropy, weight': (x, t, weight) => torch.crossEntropy(x, t, { weight: weight.detach() }),
  'crossEntropy, ignoreIndex': (x, t) => torch.crossEntropy(x, t, { ignoreIndex: 2 }),
  'crossEntropy, labelSmoothing': (x, t) => torch.crossEntropy(x, t, { labelSmoothing: 0.1 }),
  'crossEntropy, probabilities': (x, t) => torch.crossEntropy(x, t.detach().softmax(1)),
  'crossEntropy, pixels': (x, t) => torch.crossEntropy(x, t),
  mseLoss: (x, t) => torch.mseLoss(x, t),
  'mseLoss, sum': (x, t) => torch.mseLoss(x, t, { reduction: 'sum' }),
  'mseLoss, broadcast': (x, t) => torch.mseLoss(x, t, { reduction: 'none' }),

  maxPool2d: (x) => torch.maxPool2d(x, 2),
  'maxPool2d, options': (x) => torch.maxPool2d(x, 2, { stride: 1, padding: 1, dilation: 2, ceilMode: true }),
  'maxPool2d, pairs': (x) => torch.maxPool2d(x, [3, 2], { stride: [2, 1], padding: [1, 0] }),
  avgPool2d: (x) => torch.avgPool2d(x, 2),
  'avgPool2d, options': (x) => torch.avgPool2d(x, 3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
  'interpolate, nearest': (x) => torch.interpolate(x, { scaleFactor: 2 }),
  'interpolate, size': (x) => torch.interpolate(x, { size: [3, 7] }),
  'interpolate, bilinear': (x) => torch.interpolate(x, { size: [7, 3], mode: 'bilinear' }),
  'interpolate, alignCorners': (x) => torch.interpolate(x, { size: 7, mode: 'bilinear', alignCorners: true }),
  'interpolate, bicubic': (x) => torch.interpolate(x, { scaleFactor: [1.5, 2], mode: 'bicubic' }),
  'interpolate, linear': (x) => torch.interpolate(x, { scaleFactor: 1.7, mode: 'linear' }),
  'interpolate, trilinear': (x) => torch.interpolate(x, { size: 3, mode: 'trilinear' }),
  convTranspose2d: (x, w, b) => torch.convTranspose2d(x, w, b),
  'convTranspose2d, options': (x, w, b) =>
    torch.convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  batchNorm: (x, mean, variance, w, b) => torch.batchNorm(x, mean.detach(), variance.detach(), w, b),
  'batchNorm, training': (x) => torch.batchNorm(x, null, null, null, null, { training: true, eps: 1e-3 }),
  'batchNorm, running statistics': (x, mean, variance) => {
    const running = [mean.detach().clone(), variance.detach().clone()];
    return [torch.batchNorm(x, running[0], running[1], null, null, { training: true, momentum: 0.3 }), ...running];
  },
  eye: () => torch.eye(3, 4),
  linspace: () => torch.linspace(-1, 2, 7, { dtype: 'float64' }),
};

/** Cases that change running statistics, which a trace refuses. */
const inPlace = ['batchNorm, running statistics'];

const isFloat = ({ dtype }: { dtype: Dtype }): boolean => dtype.startsWith('float');
const load = ({ dtype, shape, data }: Stored): Tensor => tensor(data.map(Number), { dtype }).reshape(shape);
const leaf = (stored: Stored): Tensor => {
  const made = load(stored);
  if (isFloat(stored)) made.requiresGrad = true;
  return made;
};
const asList = (made: ReturnType<Run>): readonly Tensor[] =>
  made instanceof Tensor ? [made] : 'indices' in made ? [made.values, made.indices] : made;
const numbers = (x: Tensor): number[] => Array.from(x.double().toTypedArray() as Exclude<DataArray, BigInt64Array>);

function close(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    const difference = Math.abs(actual[i] - value);
    assert.ok(difference <= tolerance * Math.max(1, Math.abs(value)), `${what}[${i}] is ${actual[i]}, not ${value}`);
  });
}

/** Σ (1 + cos i)·result[i] over all results that have a gradient. */
function weightedSum(results: readonly Tensor[]): Tensor {
  const sums = results
    .filter(({ requiresGrad }) => requiresGrad)
    .map((x) => x.flatten().double().mul(weights(x.size)).sum());
  return sums.reduce((a, b) => a.add(b));
}
const weights = (count: number): Tensor => tensor(Float64Array.from({ length: count }, (_, i) => 1 + Math.cos(i)));

test('the table has the cases of the PyTorch script', () => {
  assert.deepEqual(Object.keys(table).sort(), Object.keys(cases).sort());
});

for (const [name, run] of Object.entries(table)) {
  const { inputs, results, gradients: expected } = cases[name];

  test(`${name}: values and gradients are PyTorch's`, () => {
    const leaves = inputs.map(leaf);
    const made = asList(run(...leaves));
    assert.equal(made.length, results.length);
    results.forEach((result, i) => {
      assert.deepEqual([made[i].shape, made[i].dtype], [result.shape, result.dtype]);
      // The same libtorch, perhaps with other vector instructions: some roundings of float64
      close(numbers(made[i]), result.data.map(Number), 1e-13, `result ${i}`);
    });
    const differentiated = expected.some((gradient) => gradient !== null);
    assert.equal(
      made.some(({ requiresGrad }) => requiresGrad),
      differentiated,
    );
    if (!differentiated) return;
    const floating = leaves.filter(({ requiresGrad }) => requiresGrad);
    const found = gradients([weightedSum(made)], floating);
    expected
      .filter((gradient) => gradient !== null)
      .forEach((gradient, i) => {
        close(found[i] ? numbers(found[i]) : gradient.map(() => 0), gradient, 1e-12, `gradient ${i}`);
      });
  });

  test(`${name}: float32 gives the same up to its rounding; a trace records it`, () => {
    const narrow = inputs.map((stored) => (isFloat(stored) ? load(stored).float() : load(stored)));
    const body = () => asList(run(...narrow));
    if (inPlace.includes(name)) {
      assert.throws(() => trace(body), /in place/);
    } else {
      using record = trace(body);
      assert.ok(record.calls.length > 0);
      for (const made of record.result) assert.notEqual(record.idOf(made), undefined);
    }
    body().forEach((made, i) => {
      // Sums of at most some dozen terms in float32
      close(numbers(made), results[i].data.map(Number), 2e-6, `result ${i}`);
    });
  });
}

test('gradients agree with finite differences', () => {
  const step = 1e-5;
  let checked = 0;
  for (const [name, run] of Object.entries(table)) {
    const { inputs, gradients: expected } = cases[name];
    inputs.forEach((stored, at) => {
      const gradient = expected[at];
      // A detached input has no gradient, but moves the result.
      if (!gradient || gradient.every((value) => value === 0)) return;
      const moved = (index: number, by: number): number =>
        scope(() => {
          const all = inputs.map(leaf);
          const data = stored.data.map((value, i) => Number(value) + (i === index ? by : 0));
          all[at] = leaf({ ...stored, data });
          return weightedSum(asList(run(...all))).item();
        });
      const slopes = gradient.map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
      // Central differences: about step² times third derivatives, and rounding of 1e-15/step
      close(slopes, gradient, 2e-8, `${name}, input ${at}`);
      checked++;
    });
  }
  assert.ok(checked >= 70, `${checked} gradients were checked`);
});

test('a wrong option is refused by its name', () => {
  const x = torch.ones([1, 1, 4, 4]);
  const wrong = 'mean square' as never;
  assert.throws(
    () => torch.mseLoss(x, x, { reduction: wrong }),
    /mseLoss: reduction must be none, mean, sum, got 'mean square'/,
  );
  assert.throws(
    () => torch.interpolate(x, { size: 2, mode: 'linear' }),
    /interpolate: linear needs 1 dimensions after .*\[1, 1, 4, 4\]/,
  );
  assert.throws(
    () => torch.interpolate(x, { size: 2, alignCorners: true }),
    /interpolate: nearest has no alignCorners/,
  );
  assert.throws(() => torch.interpolate(x, undefined as never), /interpolate: expected an object of options/);
  assert.throws(() => torch.interpolate(x, {}), /either size or scaleFactor/);
  assert.throws(() => torch.interpolate(x, { size: 2, scaleFactor: 2 }), /either size or scaleFactor/);
});
