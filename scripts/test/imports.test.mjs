// @ts-check
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { checkImports } from '../imports/checkImports.mjs';

/** What the check says of packages made of these files. @param {Record<string, string>} files */
function check(files) {
  const packages = mkdtempSync(join(tmpdir(), 'rin-imports-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(packages, name)), { recursive: true });
      writeFileSync(join(packages, name), text);
    }
    return checkImports(packages);
  } finally {
    rmSync(packages, { recursive: true });
  }
}

test('imports to the left, within a room and of packages are in order', () => {
  const files = {
    'rin/src/index.ts': "export { train } from './training/train.js';",
    'rin/src/config/parse.ts':
      "import { z } from 'zod';\nimport { RinError } from '@rin/core';\nimport { d } from 'fastest-levenshtein';",
    'rin/src/training/train.ts':
      "import { open } from '../data/open.js';\nimport { readFileSync } from 'node:fs';\nimport { zeros } from '@rin/torch';",
    'torch/src/tensor.ts': "import { call } from './native.js';\nimport { createRequire } from 'node:module';",
  };
  assert.deepEqual(check(files), []);
});

test('an import to the right is named with its file', () => {
  const [violation, ...rest] = check({ 'rin/src/data/open.ts': "import {\n  train,\n} from '../training/train.js';" });
  assert.equal(
    violation,
    'packages/rin/src/data/open.ts: imports ../training/train.js, but training is to the right of data',
  );
  assert.deepEqual(rest, []);
});

for (const [what, line] of Object.entries({
  'a type': "import type { Run } from '../cli/run.js';",
  're-export': "export * from '../cli/run.js';",
  'a bare import': "import '../cli/run.js';",
  'a dynamic import': "const run = await import('../cli/run.js');",
  'the type of a dynamic import': "type Run = import('../cli/run.js').Run;",
})) {
  test(`${what} counts as an import`, () => assert.equal(check({ 'rin/src/model/rin.ts': line }).length, 1));
}

test('@rin/core imports its own files only, and config nothing of Node and no package that needs it', () => {
  const files = {
    'core/src/a.ts': "import { readFileSync } from 'node:fs';",
    'core/src/b.ts': "import { z } from 'zod';",
    'core/src/c.ts': "import { E } from '../../rin/src/config/parse.js';",
    'core/src/d.ts': "import { e } from './e.js';",
    'rin/src/config/a.ts': "import fs from 'fs';",
    'rin/src/config/b.ts': "import sharp from 'sharp';",
    'rin/src/config/c.ts': "import { zeros } from '@rin/torch';",
  };
  assert.deepEqual(
    check(files).map((problem) => problem.split(':')[0]),
    [
      'core/src/a.ts',
      'core/src/b.ts',
      'core/src/c.ts',
      'rin/src/config/a.ts',
      'rin/src/config/b.ts',
      'rin/src/config/c.ts',
    ].map((file) => `packages/${file}`),
  );
});

test('files that import values of each other are a circle; types alone are none', () => {
  const circle = {
    'rin/src/data/a.ts': "import { b } from './b.js';",
    'rin/src/data/b.ts': "import { c } from './c.js';",
    'rin/src/data/c.ts': "import { type D, a } from './a.js';",
  };
  const files = ['a', 'b', 'c', 'a'].map((name) => `rin/src/data/${name}.ts`);
  assert.deepEqual(check(circle), [`a circle: ${files.join(' → ')}`]);
  assert.deepEqual(check({ ...circle, 'rin/src/data/c.ts': "import type { A } from './a.js';" }), []);
  assert.deepEqual(check({ ...circle, 'rin/src/data/c.ts': "import { type A, type B } from './a.js';" }), []);
  assert.deepEqual(check({ ...circle, 'rin/src/data/c.ts': "const a = await import('./a.js');" }), []);
});

test('@rin/web imports its own files and @rin/core, and nothing of Node or of the other packages', () => {
  const files = {
    'web/src/a.ts': "import { readFileSync } from 'node:fs';",
    'web/src/b.ts': "import { RIN } from 'rin';",
    'web/src/c.ts': "import { zeros } from '@rin/torch';",
    'web/src/d.ts': "import { E } from '../../core/src/errors.js';",
    'web/src/e.ts': "import { gamma } from '@rin/core'; import type { Tensor } from 'onnxruntime-web';",
  };
  assert.deepEqual(
    check(files).map((problem) => problem.split(':')[0]),
    ['a', 'b', 'c', 'd'].map((name) => `packages/web/src/${name}.ts`),
  );
});

test('@rin/torch imports nothing of rin', () => {
  const files = {
    'torch/src/a.ts': "import { RIN } from 'rin';",
    'torch/src/b.ts': "import { E } from '../../rin/src/config/parse.js';",
    'torch/src/c.ts': "import { gamma } from '@rin/core';",
  };
  assert.equal(check(files).length, 3);
});

test('a folder outside the order, and a file outside src, are found', () => {
  assert.equal(check({ 'rin/src/utils/a.ts': "import './b.js';" }).length, 1);
  assert.equal(check({ 'rin/src/data/a.ts': "import '../../../torch/src/native.js';" }).length, 1);
});

test('an import in a comment does not count', () => {
  assert.deepEqual(
    check({ 'core/src/a.ts': "// import 'node:fs';\n/** import { x } from 'node:os'; */\nexport const a = 1;" }),
    [],
  );
});
