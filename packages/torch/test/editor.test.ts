import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Editor } from './editor.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

// A project that has the package installed
const folder = mkdtempSync(join(tmpdir(), 'editor-'));
const editor = new Editor(folder, join(root, 'node_modules/typescript/lib/tsc.js'));
before(async () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const options = { module: 'nodenext', target: 'es2022', strict: true, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
  await editor.start();
});
after(() => {
  editor.end();
  rmSync(folder, { recursive: true });
});

const program = "import * as torch from '@rin/torch';\n";
const offers: Record<string, string> = {
  'a tensor': `${program}torch.ones([2]).`,
  'a module': `${program}class Layer extends torch.Module {}\nnew Layer().`,
  'the package': `${program}torch.`,
};

for (const [name, text] of Object.entries(offers)) {
  test(`an editor shows a text for everything that it offers after ${name}`, async () => {
    const file = `${name.replace(' ', '-')}.ts`;
    const items = (await editor.offers(file, text)).filter(({ label }) => label !== 'Symbol'); // of [Symbol.iterator]
    assert.ok(items.length > 2, text);
    const resolved = await Promise.all(items.map((item) => editor.resolved(item)));
    const silent = resolved.filter(({ documentation }) => !documentation?.value);
    assert.deepEqual(
      silent.map(({ label }) => label),
      [],
    );
  });
}

test('an editor offers nothing internal after a tensor', async () => {
  const labels = (await editor.offers('internal.ts', offers['a tensor'])).map(({ label }) => label);
  const described = ['shape', 'dtype', 'device', 'size', 'requiresGrad', 'toString', 'disposed', 'Symbol'];
  const internal = labels.filter((label) => !described.includes(label) && !readme.includes(label));
  assert.deepEqual(internal, []);
  for (const label of ['add', 'topk', 'grad', 'dispose']) assert.ok(labels.includes(label), label);
  for (const label of ['slot', 'owner']) assert.ok(!labels.includes(label), label);
});
