import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelOf } from '../model/modelOf.js';
import { base, options, randomConfiguration } from '../model/reference/configurations.js';
import { python, root } from '../pytorch/ask.js';
import { freshFolder } from '../training/tiny.js';
import { assertSamePass, exported, modelWith } from './exporting.js';

const folder = freshFolder();
const configurations = Object.fromEntries([
  ...Object.entries(options).map(([name, over]) => [name, modelOf({ ...base, ...over })] as const),
  ...Array.from({ length: 16 }, (_, seed) => [`random ${seed}`, randomConfiguration(seed)] as const),
]);
const fileOf = (name: string) => join(folder, `${Object.keys(configurations).indexOf(name)}.onnx`);

for (const [name, config] of Object.entries(configurations)) {
  test(`the graph gives the numbers of libtorch for 1, 2 and 5 samples: ${name}`, async () => {
    const model = modelWith(config);
    const session = await exported(model, fileOf(name), { reads: true });
    for (const batch of [1, 2, 5]) await assertSamePass(model, session, batch);
    await session.close();
  });
}

const hasOnnx = python !== undefined && spawnSync(python, ['-c', 'import onnx'], { cwd: '/' }).status === 0;
const skip = !hasOnnx && 'no Python with PyTorch and onnx is here; npm run python makes one';

test('onnx.checker accepts every graph: standard operators of opset 20, no float64, any batch', { skip }, () => {
  const files = Object.keys(configurations).map(fileOf);
  const child = join(root, 'packages/rin/test/export/checker.py');
  const { status, stdout, stderr } = spawnSync(python ?? '', [child, ...files], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, `${files.length} graphs\n`);
});
