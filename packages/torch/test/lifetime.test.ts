import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { arange, memory, TorchError, tensor, unsafe, zeros } from '../src/index.js';

const index = JSON.stringify(new URL('../src/index.js', import.meta.url));

/** Runs a program with the collector at hand; it prints one line of JSON. */
function run(program: string): unknown {
  const source = `import * as torch from ${index};
    import { setImmediate as turn } from 'node:timers/promises';
    torch.setThreads(1);
    const collect = async () => { for (let i = 0; i < 3; i++) { gc(); await turn(); } };
    ${program}`;
  const child = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', source], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

test('tensors that nothing refers to are freed by the collector', () => {
  const counts = run(`
    const before = torch.memory();
    const kept = torch.zeros([1000]);
    (() => { for (let i = 0; i < 500; i++) torch.zeros([1000]).add(1); })();
    const made = torch.memory().tensors - before.tensors;
    await collect();
    const { tensors, bytes } = torch.memory();
    console.log(JSON.stringify({ made, tensors: tensors - before.tensors, bytes: bytes - before.bytes, kept: kept.size }));
  `);
  assert.deepEqual(counts, { made: 1001, tensors: 1, bytes: 4000, kept: 1000 });
});

test('what a scope returned or keep took out is collected too, and never what was disposed before', () => {
  const counts = run(`
    const before = torch.memory().tensors;
    (() => {
      for (let i = 0; i < 100; i++) {
        torch.scope(() => torch.scope(() => torch.ones([1])));
        torch.scope(() => { torch.keep(torch.ones([1])); });
        torch.ones([1]).dispose();
      }
    })();
    const live = Array.from({ length: 300 }, (_, i) => torch.full([1], i)); // take the slots that became free
    await collect();
    const intact = live.every((tensor, i) => tensor.item() === i);
    console.log(JSON.stringify({ left: torch.memory().tensors - before - live.length, intact }));
  `);
  assert.deepEqual(counts, { left: 0, intact: true });
});

test('the engine is told of the memory, so that it collects by itself where the event loop turns', () => {
  // 1 GiB in tensors of 4 MiB that nothing refers to; told nothing, the engine sees 256 small objects and waits.
  const peak = run(`
    let peak = 0;
    for (let i = 0; i < 256; i++) { torch.zeros([1 << 20]); await turn(); peak = Math.max(peak, torch.memory().bytes); }
    console.log(JSON.stringify(peak / 2 ** 20));
  `) as number;
  assert.ok(peak < 512, `${peak} MiB at once`);
});

test('a shared array is the memory of the tensor', () => {
  const x = zeros([2, 2]);
  const shared = x.shareTypedArray();
  shared[3] = 7;
  assert.equal(x.select(0, 1).select(0, 1).item(), 7);
  x.add_(1);
  assert.deepEqual(shared, new Float32Array([1, 1, 1, 8]));
  assert.deepEqual(arange(6).reshape([3, 2]).select(0, 1).shareTypedArray(), new Float32Array([2, 3]));
  assert.deepEqual(tensor([1], { dtype: 'int64' }).shareTypedArray(), new BigInt64Array([1n]));
  assert.equal(zeros([0]).shareTypedArray().length, 0);
  assert.deepEqual(x.shareTypedArray(), shared);
});

test('a shared array outlives the tensor, and its memory cannot be moved away under it', () => {
  const x = zeros([1000]).add(5);
  const shared = x.shareTypedArray();
  assert.throws(() => unsafe.call('aten::resize_', [x, [1_000_000]]), /not resizable/);
  try {
    structuredClone(shared, { transfer: [shared.buffer as ArrayBuffer] }); // copies on Node 20, throws on later ones
  } catch {}
  assert.equal(shared.length, 1000);
  x.dispose();
  for (let i = 0; i < 100; i++) zeros([1000]).add(i).dispose();
  assert.ok(shared.every((value) => value === 5));
  assert.throws(() => arange(6).reshape([2, 3]).transpose(0, 1).shareTypedArray(), /Tensor \[3, 2\].*contiguous/);
  assert.throws(() => x.shareTypedArray(), TorchError);
});

// There libtorch allocates by mimalloc, which it hides.
const hidden = process.arch === 'arm64' && 'libtorch keeps its free memory on 64-bit Arm';

test('releaseFreeMemory gives back what lies free between live tensors', { skip: hidden }, () => {
  const megabytes = run(`
    const made = Array.from({ length: 400 }, () => torch.ones([1 << 18]));
    made.filter((_, i) => i % 2 === 0).forEach((x) => x.dispose());
    const before = process.memoryUsage.rss();
    torch.releaseFreeMemory();
    const intact = made.every((x, i) => i % 2 === 0 || x.sum().item() === 1 << 18);
    console.log(JSON.stringify(intact ? (before - process.memoryUsage.rss()) / 2 ** 20 : null));
  `) as number;
  assert.ok(megabytes > 100, `${megabytes} MiB given back of 200 that were free`);
});

test('the memory of shared arrays is freed with them', () => {
  const grown = run(`
    const use = () => { for (let i = 0; i < 20; i++) { const x = torch.zeros([1 << 20]).add(1); x.shareTypedArray(); x.dispose(); } };
    use();
    await collect();
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 8; round++) { use(); await collect(); }
    console.log(JSON.stringify((process.memoryUsage.rss() - before) / 2 ** 20));
  `) as number;
  assert.ok(grown < 200, `${grown} MiB grown by 640 MiB of shared tensors`);
  assert.ok(memory().tensors >= 0);
});

test('of what a scope frees the engine is told nothing: it would look for garbage again and again, and find none', () => {
  // 100 times 128 MiB. Outside of a scope, the test before this one, half a GiB makes it look.
  const collections = run(`
    const { PerformanceObserver, constants } = await import('node:perf_hooks');
    let collections = 0;
    const count = (list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++;
    };
    new PerformanceObserver(count).observe({ entryTypes: ['gc'] });
    for (let i = 0; i < 100; i++) torch.scope(() => { for (let j = 0; j < 8; j++) torch.zeros([1 << 22]); });
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(JSON.stringify(collections));
  `) as number;
  assert.ok(collections <= 1, `${collections} collections`);
});
