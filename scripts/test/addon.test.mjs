// @ts-check
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { buildAddon, compileFlags, linkArguments } from '../../packages/torch/setup/addon.mjs';
import { recordingLog, temporaryFolder } from './folders.mjs';

const SOURCES = {
  'native/answer.h': '#pragma once\n#include <node_api.h>\nint answer();\n',
  'native/answer.cc': '#include "answer.h"\nint answer() { return 41 + 1; }\n',
  'native/addon.cc': `#include "answer.h"
static napi_value init(napi_env env, napi_value exports) {
  napi_value value;
  napi_create_int32(env, answer(), &value);
  napi_set_named_property(env, exports, "answer", value);
  return exports;
}
NAPI_MODULE(rin_torch, init)
`,
};

/** A small addon, and libraries under the names of libtorch's. @param {import('node:test').TestContext} t */
function project(t) {
  const folder = temporaryFolder(t, { ...SOURCES, 'empty.cc': '' });
  const lib = join(folder, 'libtorch', 'lib');
  mkdirSync(lib, { recursive: true });
  for (const name of ['torch_cpu', 'c10', 'torch_cuda', 'c10_cuda']) {
    execFileSync('g++', ['-shared', '-fPIC', join(folder, 'empty.cc'), '-o', join(lib, `lib${name}.so`)]);
  }
  const libtorch = { folder: join(folder, 'libtorch'), version: '2.15.0', cuda: true, libraries: [lib], headers: [] };
  const build = join(folder, 'build');
  return {
    write(/** @type {string} */ name, /** @type {string} */ text) {
      mkdirSync(dirname(join(folder, 'native', name)), { recursive: true });
      writeFileSync(join(folder, 'native', name), text);
    },
    addon: join(build, 'rin_torch.node'),
    record: () => JSON.parse(readFileSync(join(build, 'build.json'), 'utf8')),
    async build({ cuda = false, version = '2.15.0' } = {}) {
      const { log, told } = recordingLog();
      const source = /** @type {const} */ ('LIBTORCH');
      const options = { cuda, log, native: join(folder, 'native'), build };
      await buildAddon({ ...libtorch, version, source }, options);
      return told;
    },
  };
}

test('the addon is built, can be loaded, and tells what it was built from', async (t) => {
  const { build, addon, record } = project(t);
  await build();
  assert.equal(createRequire(import.meta.url)(addon).answer, 42);
  const { version, source, cuda, compiler } = record();
  assert.deepEqual({ version, source, cuda }, { version: '2.15.0', source: 'LIBTORCH', cuda: false });
  assert.match(compiler, /\d+\.\d+/);
});

test('the addon is built again if, and only if, what it is made from changed', async (t) => {
  const { build, write, addon } = project(t);
  const answer = () => {
    const copy = `${addon}.${process.hrtime.bigint()}.node`; // the same path would be loaded once only
    copyFileSync(addon, copy);
    return createRequire(import.meta.url)(copy).answer;
  };
  await build();
  assert.deepEqual(await build(), ['Native addon, for libtorch 2.15.0']);
  write('answer.cc', '#include "answer.h"\nint answer() { return 43; }\n');
  assert.deepEqual(await build(), ['Building the native addon']);
  assert.equal(answer(), 43);
  write('answer.h', '#pragma once\n#include <node_api.h>\n#define answer() (40 + 4)\n');
  write('answer.cc', '\n');
  assert.deepEqual(await build(), ['Building the native addon'], 'a header');
  assert.equal(answer(), 44);
  write('answer.h', '#pragma once\n#include <far/answer.h>\n#define answer() far\n');
  for (const number of [45, 46]) {
    write('far/answer.h', `#pragma once\n#include <node_api.h>\n#define far ${number}\n`);
    assert.deepEqual(await build(), ['Building the native addon'], 'a header in a folder');
    assert.equal(answer(), number);
  }
  assert.deepEqual(await build({ version: '2.16.0' }), ['Building the native addon'], 'another libtorch');
});

test('an addon that is damaged, or whose record is, is built again', async (t) => {
  const { build, addon } = project(t);
  await build();
  truncateSync(addon, 100);
  assert.deepEqual(await build(), ['Building the native addon']);
  assert.equal(createRequire(import.meta.url)(addon).answer, 42);
  truncateSync(join(addon, '..', 'build.json'));
  assert.deepEqual(await build(), ['Building the native addon']);
});

test('a compile error is told with its file and line, and the addon of before stays', async (t) => {
  const { build, write, addon } = project(t);
  await build();
  const before = readFileSync(addon);
  write('answer.cc', '#include "answer.h"\nint answer() { return fortyTwo; }\n');
  await assert.rejects(build(), (/** @type {Error} */ error) => {
    assert.equal(error.name, 'SetupError');
    assert.match(error.message, /does not build against libtorch 2\.15\.0 in /);
    assert.match(error.message, /answer\.cc:2:23: error: .fortyTwo/);
    return true;
  });
  assert.deepEqual(readFileSync(addon), before);
});

test('with CUDA its libraries stay linked, though no symbol of them is used; without, they are not', async (t) => {
  const { build, addon } = project(t);
  await build();
  assert.equal(readFileSync(addon).includes('libtorch_cuda.so'), false);
  await build({ cuda: true });
  assert.equal(readFileSync(addon).includes('libtorch_cuda.so'), true);
  assert.equal(readFileSync(addon).includes('libc10_cuda.so'), true);
});

test('on a Mac clang compiles OpenMP, and functions of Node and OpenMP are found when the addon is loaded', () => {
  const libtorch = { folder: '/torch', libraries: ['/torch/lib'] };
  assert.deepEqual(linkArguments(libtorch, false, 'darwin'), [
    ...[
      '-L/torch/lib',
      '-Wl,-undefined,dynamic_lookup',
      '-ltorch_cpu',
      '-lc10',
      '-Xlinker',
      '-rpath',
      '-Xlinker',
      '/torch/lib',
    ],
  ]);
  assert.match(compileFlags('darwin').join(' '), /^-std=c\+\+20 .* -ffp-contract=off .* -Xclang -fopenmp$/);
  assert.match(compileFlags('linux').join(' '), / -ffp-contract=off -fno-math-errno -fopenmp$/);
});
