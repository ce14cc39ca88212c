import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadTorchScript, memory, noGrad, scope, TorchError, tensor, trace, zeros } from '../src/index.js';

// Written by pytorch/torchscript.py: y = (x·Wᵀ + b)·scale + shift, perhaps negated; forward gives y and [y, y + 1, …].
const path = fileURLToPath(new URL('../../test/pytorch/torchscript.pt', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rin-torchscript-'));
after(() => rmSync(folder, { recursive: true }));

test('a network of TorchScript computes what PyTorch saved, in evaluation mode and at every call', () => {
  using network = loadTorchScript(path);
  const x = tensor([[1, 2, 3]]);
  for (let call = 0; call < 3; call++) {
    const results = noGrad(() => network.forward([x]));
    // [1 + 4 − 3 + 0.5, 0.5 + 12 − 0.25] + shift; dropout would zero some.
    assert.deepEqual(results.map(String), ['Tensor [1, 2] float32 cpu', 'Tensor [1, 2] float32 cpu']);
    assert.deepEqual(
      results.map((result) => result.tolist()),
      [[[2.75, 11.75]], [[2.75, 11.75]]],
    );
  }
});

test('further arguments go by name, and tensors in lists come back in order', () => {
  using network = loadTorchScript(path);
  const results = network.forward([tensor([[1, 2, 3]])], { times: 2, scale: 2, negate: true });
  assert.deepEqual(
    results.map((result) => result.tolist()),
    [[[-5.25, -24]], [[-5.25, -24]], [[-4.25, -23]]],
  );
});

test('its parameters and buffers have names, and gradients flow into it', () => {
  using network = loadTorchScript(path);
  const tensors = network.tensors();
  assert.deepEqual(Object.keys(tensors), ['layer.weight', 'layer.bias', 'shift']);
  assert.deepEqual(tensors['layer.weight'].tolist(), [
    [1, 2, -1],
    [0.5, 0, 4],
  ]);
  const x = tensor([[1, 2, 3]], { requiresGrad: true });
  network.forward([x])[0].sum().backward();
  assert.deepEqual(x.grad?.tolist(), [[1.5, 2, 3]]);
});

test('scopes free its results, and dispose its weights', () => {
  const before = memory().tensors;
  const network = loadTorchScript(path);
  scope(() => {
    assert.equal(network.forward([zeros([1, 3])]).length, 2);
  });
  assert.equal(memory().tensors, before);
  network.dispose();
  network.dispose();
  assert.throws(() => network.forward([zeros([1, 3])]), {
    name: 'TorchError',
    message: `${path}: the module was disposed`,
  });
  using another = loadTorchScript(path); // may get the same number
  assert.throws(() => network.tensors(), /was disposed/);
  assert.equal(another.forward([zeros([1, 3])]).length, 2);
});

test('a wrong call says what is wrong, and names the file', () => {
  using network = loadTorchScript(path);
  const x = zeros([1, 3]);
  const fails = (call: () => unknown, pattern: RegExp) =>
    assert.throws(call, (error) => {
      assert.ok(error instanceof TorchError, String(error));
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /\n|Traceback/);
      return true;
    });
  fails(() => network.forward([x], { speed: 1 }), /unknown argument speed; expected one of x, times, scale, negate/);
  fails(() => network.forward([x, x]), /torchscript\.pt: forward failed: .*times/);
  fails(() => network.forward([]), /x/);
  fails(() => network.forward([x], { negate: 1 }), /negate/);
  fails(() => network.forward([zeros([3])]), /x must have two dimensions/);
  fails(() => network.forward([zeros([1, 4])]), /mat1 and mat2|shapes cannot be multiplied/);
  fails(() => network.forward(x as never), /expected a list of tensors/);
  fails(() => loadTorchScript(join(folder, 'absent.pt')), /absent\.pt: no TorchScript that libtorch can load/);
  fails(() => loadTorchScript(path, { device: 'tpu' as never }), /expected cpu, cuda, cuda:N or mps/);
  fails(() => trace(() => network.forward([x])[0]), /a trace cannot record/);
});

test('a damaged file is an error and never ends the process', () => {
  const bytes = readFileSync(path);
  const damaged = join(folder, 'damaged.pt');
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const copy = Buffer.from(bytes);
    for (let i = 0; i < 1 + (round % 5); i++) copy[(round * 7919 + i * 104_729) % copy.length] ^= 1 << (round % 8);
    writeFileSync(damaged, round % 10 === 0 ? copy.subarray(0, (round * 101) % copy.length) : copy);
    try {
      using network = loadTorchScript(damaged);
      network.forward([zeros([1, 3])]);
    } catch (error) {
      assert.ok(error instanceof TorchError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 100, `${refused} of 300 were refused`);
});
