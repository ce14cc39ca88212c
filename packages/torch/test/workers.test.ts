import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const addon = JSON.stringify(fileURLToPath(new URL('../../build/rin_torch.node', import.meta.url)));
const index = JSON.stringify(new URL('../src/index.js', import.meta.url));

// What each thread does: a product, a gradient, an error, a seed of its own.
const work = `
  async function work() {
    const torch = await import(${index});
    const { tensors } = torch.memory();
    const x = torch.full([8, 8], 2, { requiresGrad: true });
    let errors = 0;
    for (let i = 0; i < 200; i++) torch.scope(() => {
      x.matmul(x).sum().backward();
      try { x.matmul(torch.ones([3])); } catch (error) { if (error instanceof torch.TorchError) errors++; }
      x.grad = null;
    });
    const sum = torch.scope(() => torch.noGrad(() => x.matmul(x).sum().item()));
    return { sum, errors, left: torch.memory().tensors - tensors - 1 };
  }`;
const expected = { sum: 64 * 32, errors: 200, left: 0 };

/** Runs a program that sees work(), and start(), which lets a worker do it; it prints a list of what they returned. */
function run(program: string): unknown[] {
  const source = `${work}
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const body = work.toString() + '; work().then((done) => require("worker_threads").parentPort.postMessage(done))';
    async function start() {
      const worker = new Worker(body, { eval: true, execArgv: [] });
      const message = once(worker, 'message');
      const exit = once(worker, 'exit');
      const [done] = await message;
      const [code] = await exit;
      return { ...done, code };
    }
    ${program}`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  assert.equal(child.status, 0, `${child.signal} ${child.stderr}`);
  return JSON.parse(child.stdout) as unknown[];
}
const inWorker = { ...expected, code: 0 };

test('a worker loads it first, then the main thread', () => {
  assert.deepEqual(run('console.log(JSON.stringify([await start(), await work(), await start()]))'), [
    inWorker,
    expected,
    inWorker,
  ]);
});

test('the main thread loads it first, then a worker', () => {
  assert.deepEqual(run('console.log(JSON.stringify([await work(), await start(), await work()]))'), [
    expected,
    inWorker,
    expected,
  ]);
});

test('three workers and the main thread load and use it at the same time', () => {
  assert.deepEqual(run('console.log(JSON.stringify(await Promise.all([start(), start(), work(), start()])))'), [
    inWorker,
    inWorker,
    expected,
    inWorker,
  ]);
});

test('a worker that is stopped in the midst of its work leaves the main thread unharmed', () => {
  const results = run(`
    const endless = new Worker(work.toString() + '; (async () => { for (;;) await work(); })()', { eval: true, execArgv: [] });
    const torch = await import(${index});
    await new Promise((resolve) => setTimeout(resolve, 700));
    await endless.terminate();
    console.log(JSON.stringify([await work()]));`);
  assert.deepEqual(results, [expected]);
});

test('a worker that is stopped while it loads it leaves the main thread unharmed', () => {
  // It is stopped 50 ms after it began; to load libtorch for the first time takes some hundred.
  const results = run(`
    const load = 'require("worker_threads").parentPort.postMessage(0); require(' + JSON.stringify(${addon}) + ')';
    const loading = new Worker(load, { eval: true, execArgv: [] });
    await once(loading, 'message');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await loading.terminate();
    console.log(JSON.stringify([await work(), await start()]));`);
  assert.deepEqual(results, [expected, inWorker]);
});

test('the profile of a worker that is stopped ends with it', () => {
  const results = run(`
    const forEver = 'import(' + JSON.stringify(${index}) + ').then((torch) => torch.profile(() => new Promise(() => ' +
      'require("worker_threads").parentPort.on("message", () => {}).postMessage(0))))';
    const profiling = new Worker(forEver, { eval: true, execArgv: [] });
    await once(profiling, 'message');
    await profiling.terminate();
    const torch = await import(${index});
    const times = await torch.profile(() => torch.ones([2]).relu());
    console.log(JSON.stringify(times.filter(({ operator }) => operator === 'aten::relu').map(({ calls }) => calls)));`);
  assert.deepEqual(results, [1]);
});
