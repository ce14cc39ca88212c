import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkWeb } from '../../src/export/checkWeb.js';
import { exportWeb } from '../../src/export/exportWeb.js';
import { loadModel } from '../../src/index.js';
import { demoModel } from '../../src/runs/findModel.js';
import { freshFolder, tiny } from '../training/tiny.js';
import { modelFor } from './drawing.js';

const read = (folder: string) => JSON.parse(readFileSync(join(folder, 'parity.json'), 'utf8'));

test("the demo's pictures of 100 steps are those of libtorch: no byte differs by more than 1", async () => {
  const [model, folder] = [await loadModel(demoModel), freshFolder()];
  await exportWeb(model, folder);
  const parity = await checkWeb(model, folder, { seeds: [4], steps: 100, sampler: 'ddpm' });
  assert.deepEqual(read(folder), parity);
  const names = ['onnxruntime-web in Node', 'WebAssembly in Chromium', 'WebGPU in Chromium, software adapter'];
  const hasBrowser = parity.notes.length === 0;
  assert.deepEqual(
    parity.engines.map(({ engine, steps }) => [engine, steps.length]),
    names.map((name, i) => [name, i < 2 ? 100 : 3]).slice(0, hasBrowser ? 3 : 1),
  );
  for (const { engine, steps, bytes, pass } of parity.engines) {
    assert.equal(bytes, 3 * 64 * 64);
    assert.ok(Math.max(...steps) <= 1, `${engine}: ${steps}`);
    assert.ok(pass < 1e-5, `${engine}: ${pass}`);
  }
});

test('clips that go on are compared too, with all latents, and rounded weights differ', async () => {
  const clip = { data: Uint8Array.from({ length: 64 }, (_, i) => (37 * i) % 256), shape: [1, 4, 4, 4] };
  const model = modelFor(
    tiny({
      model: { size: [4, 4, 4], patch: [2, 2, 2], channels: 1, givenFrames: 2, classes: 0 },
      sampling: { steps: 5, latents: [3, 6] },
    }),
  );
  const folder = freshFolder();
  await exportWeb(model, folder, { given: [clip] });
  const { seeds, engines: exact } = await checkWeb(model, folder);
  assert.deepEqual([seeds, exact[0].steps.length, exact[0].bytes], [[0, 1, 2, 3], 5, 256]);
  for (const { engine, steps } of exact) assert.ok(Math.max(...steps) <= 1, `${engine}: ${steps}`);
  await exportWeb(model, folder, { given: [clip], dtype: 'float16' });
  const { engines, notes } = await withVariables({ PATH: '', CHROME: '' }, () => checkWeb(model, folder));
  assert.deepEqual(notes, ['Chromium is not here, so only Node was compared; install chromium']);
  const [rounded, ...others] = engines;
  assert.deepEqual(others, []);
  assert.ok(Math.max(...rounded.steps) >= Math.max(...exact[0].steps));
});

test('a check ends at its signal, and a folder without a page gets one sentence', async () => {
  const [model, folder] = [modelFor(tiny()), freshFolder()];
  await assert.rejects(checkWeb(model, folder), {
    name: 'RinError',
    message: /^cannot read .*model\.json: it is gone$/,
  });
  await exportWeb(model, folder);
  const reason = new Error('enough');
  await assert.rejects(checkWeb(model, folder, { signal: AbortSignal.abort(reason) }), reason);
  writeFileSync(join(folder, 'model.onnx'), 'nothing');
  await assert.rejects(checkWeb(model, folder), /^EngineError: WebAssembly does not start/);
});

test('a browser that does not start, or ends, gets one sentence', async () => {
  const [model, folder] = [modelFor(tiny()), freshFolder()];
  await exportWeb(model, folder);
  const checkWith = (CHROME: string) => withVariables({ CHROME }, () => checkWeb(model, folder));
  await assert.rejects(checkWith('/nowhere/chrome'), { name: 'RinError', message: '/nowhere/chrome does not start' });
  await assert.rejects(checkWith('/bin/false'), { message: '/bin/false ended before it had drawn' });
});

/** Some work, with other variables of the environment. */
async function withVariables<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(variables)) {
      const old = before[name];
      if (old === undefined) delete process.env[name];
      else process.env[name] = old;
    }
  }
}
