// @ts-check
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { findLibtorch } from '../../packages/torch/setup/find.mjs';
import { describeLibtorch } from '../../packages/torch/setup/libtorch.mjs';
import { recordingLog, setEnvironment, temporaryFolder } from './folders.mjs';

/** The files by which a libtorch is known. @param {string} version @param {string} [abi] */
const libtorch = (version, abi = 'std::__cxx11::string') => {
  const [major, minor, patch] = version.split('.');
  const lines = [`MAJOR ${major}`, `MINOR ${minor}`, `PATCH ${patch}`].map((line) => `#define TORCH_VERSION_${line}`);
  return {
    'torch/lib/libtorch_cpu.so': '',
    'torch/lib/libc10.so': abi,
    'torch/include/torch/headeronly/version.h': lines.join('\n'),
  };
};

/** A python3 whose torch lies in `folder`, and which warns at its start. @param {string} folder */
const python = (folder) => ({ python3: `#!/bin/sh\necho a warning >&2\necho torch=${folder}\n` });

test('$LIBTORCH wins over the torch of python3, which wins over the cache', async (t) => {
  const { log } = recordingLog();
  const named = temporaryFolder(t, libtorch('2.9.1'));
  const installed = temporaryFolder(t, libtorch('2.10.0'));
  const files = Object.entries(libtorch('2.15.0')).map(([name, text]) => [`rin/torch-2.15.0-cpu/${name}`, text]);
  const cache = temporaryFolder(t, Object.fromEntries(files));
  const withTorch = temporaryFolder(t, python(join(installed, 'torch')));
  const withoutTorch = temporaryFolder(t, python(''));
  const found = async () => {
    const result = await findLibtorch('cpu', log);
    return result && { source: result.source, version: result.version };
  };
  setEnvironment(t, { LIBTORCH: named, XDG_CACHE_HOME: cache, PATH: `${withTorch}:${process.env.PATH}` });
  assert.deepEqual(await found(), { source: 'LIBTORCH', version: '2.9.1' });
  delete process.env.LIBTORCH;
  assert.deepEqual(await found(), { source: 'python3', version: '2.10.0' });
  process.env.PATH = `${withoutTorch}:${process.env.PATH}`;
  assert.deepEqual(await found(), { source: 'cache', version: '2.15.0' });
  assert.equal(await findLibtorch('cuda', log), undefined, 'the cache has none with CUDA');
});

test('a torch of python3 that is too old is not used, and the reason is printed', async (t) => {
  const { log, told } = recordingLog();
  const old = join(temporaryFolder(t, libtorch('2.7.1')), 'torch');
  const bin = temporaryFolder(t, python(old));
  setEnvironment(t, { LIBTORCH: undefined, XDG_CACHE_HOME: bin, PATH: `${bin}:${process.env.PATH}` });
  assert.equal(await findLibtorch('cpu', log), undefined);
  assert.deepEqual(told, [`· The torch of python3 is not used: ${old} is libtorch 2.7.1; rin needs 2.8 or newer`]);
});

test('a $LIBTORCH that cannot be used is an error', async (t) => {
  const folder = temporaryFolder(t);
  setEnvironment(t, { LIBTORCH: folder });
  await assert.rejects(findLibtorch('cpu', recordingLog().log), {
    name: 'SetupError',
    message: `$LIBTORCH: ${folder} is no libtorch: it has no lib/libtorch_cpu.so; or unset LIBTORCH`,
  });
});

test('a $LIBTORCH that is a relative path becomes an absolute one, since the addon is loaded from anywhere', async (t) => {
  const folder = temporaryFolder(t, libtorch('2.9.1'));
  setEnvironment(t, { LIBTORCH: relative(process.cwd(), folder) });
  assert.equal((await findLibtorch('cpu', recordingLog().log))?.folder, join(folder, 'torch'));
});

test('on a Mac libraries have other names, and one ABI', (t) => {
  const files = Object.entries(libtorch('2.15.0', '')).map(([name, text]) => [name.replace(/\.so$/, '.dylib'), text]);
  const folder = temporaryFolder(t, Object.fromEntries(files));
  const { version, cuda, libraries } = describeLibtorch(folder, 'cache', 'darwin');
  assert.deepEqual(
    { version, cuda, libraries },
    { version: '2.15.0', cuda: false, libraries: [join(folder, 'torch/lib')] },
  );
  assert.throws(() => describeLibtorch(temporaryFolder(t), 'LIBTORCH', 'darwin'), /it has no lib\/libtorch_cpu\.dylib/);
});

test('a libtorch of the old C++ ABI is refused', (t) => {
  const folder = temporaryFolder(t, libtorch('2.8.0', 'std::string'));
  assert.throws(() => describeLibtorch(folder, 'LIBTORCH'), /old C\+\+ ABI/);
});

test('the folders of NVIDIA packages beside torch are named for the compiler and the linker', (t) => {
  const packages = { 'nvidia/cudnn/lib/a.so': '', 'nvidia/cu13/lib/b.so': '', 'nvidia/nccl/include/nccl.h': '' };
  const folder = temporaryFolder(t, { ...libtorch('2.15.0'), ...packages });
  const { libraries, headers } = describeLibtorch(folder, 'cache');
  assert.deepEqual(
    libraries,
    ['torch/lib', 'nvidia/cu13/lib', 'nvidia/cudnn/lib'].map((path) => join(folder, path)),
  );
  assert.deepEqual(headers, [join(folder, 'nvidia/nccl/include')]);
});
