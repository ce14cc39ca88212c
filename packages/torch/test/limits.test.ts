import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { memory, ones, scope, Tensor, TorchError, tensor, unsafe } from '../src/index.js';

const refuses = (call: () => unknown, message: RegExp): void => {
  assert.throws(call, (error) => error instanceof TorchError && message.test(error.message));
};

/** Every operator that divides integers, with a tensor and with a number, out of place and in place. */
const divisions = ['aten::div', 'aten::div_', 'aten::divide', 'aten::divide_'].flatMap((name) =>
  ['trunc', 'floor'].flatMap((mode) => [
    { name: `${name}.Tensor_mode`, named: { rounding_mode: mode } },
    { name: `${name}.Scalar_mode`, named: { rounding_mode: mode } },
  ]),
);
const others = ['floor_divide', 'floor_divide_', 'remainder', 'remainder_', 'fmod', 'fmod_'].flatMap((name) =>
  ['Tensor', 'Scalar'].map((overload) => ({
    name: `aten::${name}${name.startsWith('floor') && overload === 'Tensor' && !name.endsWith('_') ? '' : `.${overload}`}`,
    named: {},
  })),
);

test('the least integer divided by −1 is refused or wraps, whatever the operator; other quotients are right', () => {
  for (const [dtype, least] of [
    ['int64', -(2n ** 63n)],
    ['int32', -(2n ** 31n)],
    ['int16', -(2n ** 15n)],
    ['int8', -(2n ** 7n)],
  ] as const) {
    const numbers = (...values: bigint[]) => tensor(BigInt64Array.from(values)).to(dtype);
    for (const { name, named } of [...divisions, ...others]) {
      const divide = (other: bigint) => {
        const operand = /Scalar/.test(name) ? Number(other) : numbers(7n, other);
        return unsafe.call(name, [numbers(7n, least), operand], named) as Tensor;
      };
      const where = `${name} ${JSON.stringify(named)} ${dtype}`;
      const half = BigInt(divide(2n).to('int64').toTypedArray()[1]);
      assert.equal(half, /remainder|fmod/.test(name) ? 0n : least / 2n, where);
      let result: Tensor;
      try {
        result = divide(-1n);
      } catch (error) {
        assert.ok(error instanceof TorchError, where);
        assert.match(error.message, new RegExp(`${least} divided by -1 does not fit in ${dtype}`), where);
        continue;
      }
      const found = BigInt(result.to('int64').toTypedArray()[1]);
      assert.equal(found, /remainder|fmod/.test(name) ? 0n : least, where);
    }
  }
  const wide = unsafe.call(
    'aten::div.Tensor_mode',
    [tensor(Int32Array.of(-(2 ** 31))), tensor(BigInt64Array.of(-1n))],
    {
      rounding_mode: 'trunc',
    },
  ) as Tensor;
  assert.equal(wide.item(), 2 ** 31); // int32 by int64 is int64, where it fits
});

test('more than a million parts are refused; a million are made', () => {
  const huge = ones([1]).expand([2 ** 40]);
  const message = /parts are too many: one call makes at most 1000000; use fewer and larger parts/;
  refuses(() => huge.unbind(), message);
  refuses(() => huge.split(2), message);
  refuses(() => huge.unsqueeze(0).split(1000, -1), message);
  refuses(() => huge.chunk(1_000_001), message);
  refuses(() => unsafe.call('aten::tensor_split.sections', [ones([3]), 2 ** 40]), message);
  scope(() => {
    assert.equal(huge.split(2 ** 30).length, 1024);
    assert.equal(huge.chunk(3).length, 3);
    assert.equal(ones([2]).chunk(2 ** 40).length, 2);
    assert.equal(ones([1]).expand([1_000_000]).unbind().length, 1_000_000);
  });
});

test('results beyond the memory of the machine are refused, also when several together are', () => {
  const message = /out of memory: \d+ bytes are needed; the tensors have \d+, and the limit/;
  const huge = ones([1]).expand([2 ** 45]);
  for (const work of [
    () => huge.add(1),
    () => huge.add(huge),
    () => huge.clone(),
    () => huge.to('float64'),
    () => huge.reshape([2, -1]).contiguous(),
    () => huge.toTypedArray(),
    () => unsafe.call('aten::cat', [[huge, huge]]),
  ])
    refuses(work, message);
  const { bytes } = memory();
  // Memory that is never written costs nothing: only the limit stands in the way of the second one.
  const large = () => unsafe.call('aten::empty.memory_format', [[Math.floor(totalmem() * 0.6)]], { dtype: 'uint8' });
  if (process.constrainedMemory() === 0 || process.constrainedMemory() >= totalmem()) {
    scope(() => {
      const kept: unknown[] = [large()];
      refuses(() => {
        while (kept.length < 100) kept.push(large());
      }, message);
    });
    scope(() => assert.ok(large() instanceof Tensor)); // what was freed counts no more
  }
  assert.equal(memory().bytes, bytes);
});
