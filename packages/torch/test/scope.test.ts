import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autocast,
  gradients,
  keep,
  memory,
  noGrad,
  ones,
  scope,
  type Tensor,
  TorchError,
  tensor,
  trace,
  unsafe,
  zeros,
} from '../src/index.js';

const live = (): number => memory().tensors;

test('a scope frees all that was made inside, and returns its result alive', () => {
  const before = live();
  const inside: Tensor[] = [];
  const sum = scope(() => {
    inside.push(ones([2]), ones([2]).add(1), ...ones([4]).chunk(2));
    return inside[0].add(inside[1]);
  });
  assert.ok(inside.every(({ disposed }) => disposed));
  assert.deepEqual(sum.toTypedArray(), new Float32Array([3, 3]));
  assert.equal(live(), before + 1);
  sum.dispose();
  assert.equal(live(), before);
});

test('tensors in returned lists and plain objects live, however deep; those in other things do not', () => {
  class Box {
    constructor(readonly tensor: Tensor) {}
  }
  const result = scope(() => ({
    list: [ones([1]), [ones([2])]],
    object: { a: { b: ones([3]), number: 5, nothing: null } },
    box: new Box(ones([4])),
    data: ones([5]).toTypedArray(),
  }));
  const [first, [second]] = result.list as [Tensor, [Tensor]];
  assert.deepEqual([first.shape, second.shape, result.object.a.b.shape], [[1], [2], [3]]);
  assert.ok(result.box.tensor.disposed);
  assert.equal(result.data.length, 5);
});

test('a result that leads back to itself is no trouble', () => {
  const result = scope(() => {
    const loop: Record<string, unknown> = { tensor: ones([1]) };
    loop.self = loop;
    return loop;
  });
  assert.equal((result.tensor as Tensor).disposed, false);
});

test('scopes nest: what an inner one returns belongs to the outer one', () => {
  const before = live();
  let inner: Tensor | undefined;
  const outer = scope(() => {
    inner = scope(() => ones([1]).add(1));
    assert.equal(inner.disposed, false);
    return scope(() => scope(() => inner?.add(1)));
  });
  assert.equal(inner?.disposed, true);
  assert.equal(outer?.item(), 3);
  outer?.dispose();
  assert.equal(live(), before);
});

test('a tensor from outside is not freed, even when it is returned', () => {
  const outside = ones([1]);
  assert.equal(
    scope(() => outside),
    outside,
  );
  scope(() => outside.add_(1));
  assert.equal(outside.item(), 2);
});

test('an exception frees everything, and leaves the scope', () => {
  const before = live();
  assert.throws(() => scope(() => scope(() => assert.fail(`on purpose ${ones([1])}`))), /on purpose/);
  assert.equal(live(), before);
  const after = ones([1]);
  scope(() => 0);
  assert.equal(after.disposed, false);
});

test('keep takes a tensor out of every scope around', () => {
  const kept = scope(() => {
    scope(() => keep(ones([7])));
    const tensor = ones([1]);
    scope(() => keep(tensor));
    return { tensor: tensor.size };
  });
  assert.deepEqual(kept, { tensor: 1 });
  let outlives: Tensor | undefined;
  scope(() => scope(() => (outlives = keep(ones([2])))) && undefined);
  assert.deepEqual(outlives?.shape, [2]);
});

test('a promise is refused, with the mend; what fails in it later harms nobody', async () => {
  const before = live();
  assert.throws(
    () =>
      scope(async () => {
        const tensor = ones([1]);
        await null;
        return tensor.add(1);
      }),
    (error: Error) => error instanceof TorchError && /a promise; use keep\(\)/.test(error.message),
  );
  assert.equal(live(), before);
  await new Promise(setImmediate);
});

test('whatever can be awaited is refused like a promise, by scopes and modes; nothing asks it to begin', () => {
  const then = (): never => assert.fail('then was called');
  const thenables = [{ then }, Object.assign(() => {}, { then }), Object.create({ then })];
  const modes: [string, (body: () => unknown) => unknown][] = [
    ['scope', scope],
    ['noGrad', noGrad],
    ['autocast', (body) => autocast('cpu', 'bfloat16', body)],
    ['trace', trace],
  ];
  for (const [name, mode] of modes) {
    for (const thenable of thenables) {
      assert.throws(
        () => mode(() => thenable),
        (error: Error) =>
          error instanceof TorchError && error.message.startsWith(`${name}: the function returned a promise`),
      );
    }
  }
});

test('using disposes at the end of the block', () => {
  let outside: Tensor;
  {
    using x = ones([2]);
    outside = x;
    assert.equal(x.disposed, false);
  }
  assert.ok(outside.disposed);
});

test('a disposed tensor inside a scope is freed once', () => {
  const before = live();
  scope(() => {
    const x = ones([2]);
    x.dispose();
    const y = ones([3]); // takes the slot of x
    x.dispose();
    assert.deepEqual(y.toTypedArray(), new Float32Array([1, 1, 1]));
  });
  assert.equal(live(), before);
});

test('gradients and results of several tensors belong to the scope too', () => {
  const before = live();
  scope(() => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const [dx] = gradients([x.sum()], [x]);
    x.sum().backward();
    assert.ok(dx && x.grad);
    unsafe.call('aten::topk', [x, 2]);
    unsafe.call('aten::_foreach_add.Scalar', [[x, x], 1]);
  });
  assert.equal(live(), before);
});

test('views keep the memory that they share', () => {
  const view = scope(() => zeros([4]).add(1).reshape([2, 2]).select(0, 1));
  assert.deepEqual(view.toTypedArray(), new Float32Array([1, 1]));
});
