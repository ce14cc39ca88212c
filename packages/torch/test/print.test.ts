import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as torch from '../src/index.js';
import { arange, type Dtype, memory, ones, scope, type Tensor, tensor, trace, unsafe, zeros } from '../src/index.js';

/** What PyTorch prints; pytorch/prints.py writes it. Elements are text, because JSON has no NaN and no large integers. */
interface Printed {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** null for more than 1,000 elements: the tensors of `large` */
  readonly data: readonly string[] | null;
  readonly printed: string;
}
const all = JSON.parse(readFileSync(new URL('../../test/pytorch/prints.json', import.meta.url), 'utf8')) as Record<
  string,
  Printed
>;

const whole = (count: number, shape: number[]): Tensor => arange(count, { dtype: 'int64' }).reshape(shape);
const large: Record<string, () => Tensor> = {
  'above a thousand': () => whole(1001, [1001]),
  'above a thousand, fractions': () => arange(2000).div(16),
  'above a thousand, two dimensions': () => whole(4000, [40, 100]),
  'above a thousand, a short dimension': () => whole(3000, [6, 500]),
  'above a thousand, three dimensions': () => arange(8000).reshape([20, 20, 20]),
  'above a thousand, short dimensions only': () =>
    unsafe.call('aten::remainder.Scalar', [whole(1296, [6, 6, 6, 6]), 7]) as Tensor,
  'above a thousand, an extreme that is not shown': () => torch.cat([ones([1000]), tensor([1e30]), ones([1000])]),
  'above a thousand, bfloat16': () => ones([40, 50]).to('bfloat16'),
};

function rebuilt(name: string, { dtype, shape, data }: Printed): Tensor {
  if (data === null) return large[name]();
  if (dtype === 'int64') return tensor(BigInt64Array.from(data, BigInt)).reshape(shape);
  const named: Record<string, number> = {
    inf: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
    True: 1,
    False: 0,
  };
  return tensor(Float64Array.from(data, (text) => named[text] ?? Number(text)))
    .to(dtype)
    .reshape(shape);
}

/** PyTorch's text with our names of dtypes, options and booleans. */
const inOurWords = (printed: string): string =>
  printed
    .replace(/dtype=torch\./, 'dtype=')
    .replace(/size=\((.*?)\)/, 'shape=[$1]')
    .replaceAll('True', 'true')
    .replaceAll('False', 'false');

for (const [name, expected] of Object.entries(all)) {
  test(`prints as PyTorch does: ${name}`, () => {
    const x = rebuilt(name, expected);
    assert.equal(inspect(x), inOurWords(expected.printed));
  });
}

test('a tensor with gradients says so, on a new line if the last one is full', () => {
  assert.equal(inspect(tensor([1, 2], { requiresGrad: true })), 'tensor([1., 2.], requiresGrad=true)');
  const full = inspect(arange(12).mul(1.5).to('float64').sub(0), { depth: 0 });
  assert.match(full, /dtype=float64\)$/);
  const row = tensor(new Array<number>(16).fill(1), { requiresGrad: true });
  assert.equal(inspect(row), `tensor([${new Array(16).fill('1.').join(', ')}],\n       requiresGrad=true)`);
});

test('a tensor on a CUDA device prints its values and the device', { skip: !torch.cudaAvailable() }, () => {
  assert.equal(inspect(tensor([1, 2.5], { device: 'cuda' })), 'tensor([1.0000, 2.5000], device=cuda:0)');
  const large = arange(2000).to('cuda');
  assert.equal(inspect(large), inspect(arange(2000)).replace(/\)$/, ', device=cuda:0)'));
  assert.deepEqual(large.narrow(0, 3, 2).tolist(), [3, 4]);
});

test('what has no values to print prints its shape and dtype', () => {
  const gone = ones([2]);
  gone.dispose();
  assert.equal(inspect(gone), 'Tensor (disposed)');
  const complex = unsafe.call('aten::complex', [ones([2]), ones([2])]);
  assert.equal(inspect(complex), 'Tensor [2] type 9 cpu');
  assert.equal(inspect({ deep: ones([1]) }, { depth: 0 }), '{ deep: Tensor [1] float32 cpu }');
  assert.equal(inspect([ones([2])]), '[ tensor([1., 1.]) ]');
});

test('printing leaves nothing behind: no tensor, no record in a trace', () => {
  const x = ones([100, 100]).to('bfloat16');
  x.requiresGrad = true;
  const before = memory().tensors;
  inspect(x);
  assert.equal(memory().tensors, before);
  using record = trace(() => {
    inspect(x);
    return x.neg();
  });
  assert.deepEqual(
    record.calls.map(({ operator }) => operator),
    ['aten::neg'],
  );
});

test('a tensor far larger than memory is printed from its edges', () => {
  const huge = ones([1, 1]).expand([2 ** 36, 7]);
  assert.match(inspect(huge), /^tensor\(\[\[1\., 1\., 1\., {2}\.\.\., 1\., 1\., 1\.\],\n/);
});

test('tolist gives nested arrays: numbers for every dtype, booleans for bool', () => {
  assert.deepEqual(
    tensor([
      [1, 2.5],
      [3, -4],
    ]).tolist(),
    [
      [1, 2.5],
      [3, -4],
    ],
  );
  assert.equal(tensor(3).tolist(), 3);
  assert.deepEqual(tensor([1.1, -2]).to('bfloat16').tolist(), [1.1015625, -2]);
  assert.deepEqual(tensor([1.1, -2]).to('float16').tolist(), [1.099609375, -2]);
  assert.deepEqual(whole(6, [2, 3]).transpose(0, 1).tolist(), [
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  assert.deepEqual(tensor([[1, 0]], { dtype: 'bool' }).tolist(), [[true, false]]);
  assert.deepEqual(zeros([2, 0]).tolist(), [[], []]);
  for (const large of [zeros([2 ** 40, 0]), zeros([1]).expand([2 ** 36]), zeros([1, 1]).expand([2 ** 30, 1])])
    assert.throws(() => large.tolist(), { name: 'TorchError', message: /^tolist: .* do not fit in JavaScript's heap/ });
  assert.deepEqual(zeros([0, 2]).tolist(), []);
  const [edge, beyond] = [2n ** 53n - 1n, 2n ** 53n];
  assert.deepEqual(tensor(BigInt64Array.of(edge, -edge)).tolist(), [Number(edge), -Number(edge)]);
  assert.throws(
    () => tensor(BigInt64Array.of(beyond)).tolist(),
    /a number cannot hold 9007199254740992 exactly; toTypedArray/,
  );
  assert.throws(() => trace(() => ones([2]).tolist()), /tolist: a trace cannot record/);
});

test('tensor takes back what tolist gives, booleans too', () => {
  for (const x of [arange(6).reshape([2, 3]), tensor([[true, false]]), tensor(true), tensor(2.5)]) {
    const again = tensor(x.tolist());
    assert.deepEqual([again.dtype, again.shape, again.tolist()], [x.dtype, x.shape, x.tolist()]);
  }
  assert.deepEqual(tensor([true, false], { dtype: 'float32' }).tolist(), [1, 0]);
});

test('JSON has the values; NaN and infinity become null', () => {
  assert.equal(
    JSON.stringify({
      x: tensor([
        [1, Number.NaN],
        [Number.POSITIVE_INFINITY, 0.5],
      ]),
    }),
    '{"x":[[1,null],[null,0.5]]}',
  );
  assert.equal(JSON.stringify(tensor(2)), '2');
  assert.deepEqual(tensor(JSON.parse(JSON.stringify(arange(6).reshape([2, 3])))).tolist(), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test('iteration goes over the first dimension with views that belong to the scope around it', () => {
  const x = arange(6).reshape([3, 2]);
  const rows: Tensor[] = [];
  scope(() => {
    for (const row of x) {
      rows.push(row);
      scope(() => row.mul_(10));
    }
    assert.ok(rows.every(({ disposed }) => !disposed));
  });
  assert.ok(rows.every(({ disposed }) => disposed));
  assert.deepEqual(x.tolist(), [
    [0, 10],
    [20, 30],
    [40, 50],
  ]);
  const [first] = x;
  assert.deepEqual(first.tolist(), [0, 10]);
  assert.deepEqual([...zeros([0, 3])], []);
  assert.throws(() => [...tensor(1)], /a tensor without dimensions has no rows \(\[\] float32\); item\(\)/);
});

test('rows of a loop carry gradients', () => {
  const x = arange(4).reshape([2, 2]);
  x.requiresGrad = true;
  for (const row of x) row.square().sum().backward();
  assert.deepEqual(x.grad?.tolist(), [
    [0, 2],
    [4, 6],
  ]);
});
