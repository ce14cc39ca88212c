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
  const parity = await checkWeb(model, folder, { seeds: [4, 5], steps: 100, sampler: 'ddpm' });
  assert.deepEqual(read(folder), parity);
  assert.equal(parity.steps.length, 100);
  assert.equal(parity.bytes, 2 * 3 * 64 * 64);
  assert.ok(Math.max(...parity.steps) <= 1, `${parity.steps}`);
  assert.ok(parity.pass < 1e-5, `${parity.pass}`);
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
  const exact = await checkWeb(model, folder);
  assert.deepEqual([exact.seeds, exact.steps.length, exact.bytes], [[0, 1, 2, 3], 5, 256]);
  assert.ok(Math.max(...exact.steps) <= 1, `${exact.steps}`);
  await exportWeb(model, folder, { given: [clip], dtype: 'float16' });
  const rounded = await checkWeb(model, folder);
  assert.ok(Math.max(...rounded.steps) >= Math.max(...exact.steps));
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
