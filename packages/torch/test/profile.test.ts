import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linear, ones, profile, type Tensor, TorchError, unsafe } from '../src/index.js';

test('a profile counts the operators of forward and backward passes, by the sizes of their tensors', async () => {
  const [x, w, b] = [ones([8, 3]), ones([4, 3], { requiresGrad: true }), ones([4], { requiresGrad: true })];
  const times = await profile(async () => {
    for (let i = 0; i < 5; i++) linear(x, w, b).sum().backward();
  });
  const of = (operator: string) => times.filter((time) => time.operator === operator);
  assert.deepEqual(
    of('aten::addmm').map(({ shapes, calls }) => ({ shapes, calls })),
    [{ shapes: [[4], [8, 3], [3, 4]], calls: 5 }],
  );
  // The gradient of the weight, [4, 8]·[8, 3]: an operator that JavaScript never calls.
  assert.deepEqual(
    of('aten::mm').map(({ shapes, calls }) => ({ shapes, calls })),
    [
      {
        shapes: [
          [4, 8],
          [8, 3],
        ],
        calls: 5,
      },
    ],
  );
});

test('the time of an operator does not hold that of the operators inside it; together they are the time that passed', async () => {
  const x = ones([512, 512]);
  const begin = performance.now();
  const times = await profile(() => {
    for (let i = 0; i < 20; i++) x.matmul(x);
  });
  const passed = (performance.now() - begin) / 1000;
  const sum = times.reduce((total, { seconds }) => total + seconds, 0);
  assert.ok(sum <= passed, `${sum} s in operators of ${passed} s`);
  // matmul is a wrapper: the work of 5.4 GFLOP is in mm
  const seconds = (operator: string): number => times.find((time) => time.operator === operator)?.seconds ?? 0;
  assert.equal(times[0].operator, 'aten::mm');
  assert.ok(seconds('aten::matmul') < seconds('aten::mm'));
});

test('operators on tensors that have no sizes are counted without them', async () => {
  const nested = unsafe.call('aten::_nested_tensor_from_tensor_list', [[ones([2, 3]), ones([1, 3])]]) as Tensor;
  const times = await profile(() => nested.mul(2));
  assert.ok(times.some(({ operator, shapes, calls }) => operator === 'aten::mul' && !shapes.length && calls === 1));
});

test('one profile at a time; it ends where what it watches fails, and nothing is watched after it', async () => {
  await assert.rejects(
    profile(() => profile(() => {})),
    (error: Error) => error instanceof TorchError && /profile: another profile is running/.test(error.message),
  );
  await assert.rejects(
    profile(() => assert.fail('on purpose')),
    /on purpose/,
  );
  ones([2]).add(1);
  assert.deepEqual(await profile(() => {}), []);
});
