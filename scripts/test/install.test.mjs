// @ts-check
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheFolder, checkSystem, installLibtorch } from '../../packages/torch/setup/cache.mjs';
import { hasWheels, requirements, TORCH_VERSION, wheelArguments } from '../../packages/torch/setup/pip.mjs';
import { checkPlatform } from '../../packages/torch/setup/setup.mjs';
import { recordingLog, setEnvironment, temporaryFolder } from './folders.mjs';

/**
 * A python3 whose pip makes small files instead of loading: every call is noted, and it fails at the package $FAIL_AT.
 * Arguments as in real calls: pip download … --dest DIR --requirement FILE; pip install … --target DIR … --requirement FILE.
 */
const PYTHON = `#!/bin/sh
[ "$3" = --version ] && exit 0
echo "$3" >> "$CALLS"
for last; do :; done
while [ $# -gt 0 ]; do
  case "$1" in --dest | --target) folder="$2" ;; esac
  [ "$1" = download ] && verb=download
  shift
done
name=$(sed 's/==.*//' "$last" | head -1)
[ -n "$FAIL_AT" ] && grep -q "^$FAIL_AT==" "$last" && { echo "no connection" >&2; exit 1; }
if [ "$verb" = download ]; then echo wheel > "$folder/$name.whl"; exit 0; fi
mkdir -p "$folder/torch/lib" "$folder/torch/include/torch/headeronly"
touch "$folder/torch/lib/libtorch_cpu.so"
echo __cxx11 > "$folder/torch/lib/libc10.so"
printf '#define TORCH_VERSION_MAJOR 2\\n#define TORCH_VERSION_MINOR 15\\n#define TORCH_VERSION_PATCH 0\\n' \\
  > "$folder/torch/include/torch/headeronly/version.h"
`;

const x64 = { platform: 'linux', arch: 'x64' };
const arm64 = { platform: 'linux', arch: 'arm64' };
const mac = { platform: 'darwin', arch: 'arm64' };

/** @param {import('node:test').TestContext} t @param {string} [failAt] */
function machine(t, failAt) {
  const folder = temporaryFolder(t, { 'bin/python3': PYTHON, calls: '' });
  const calls = join(folder, 'calls');
  setEnvironment(t, {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    XDG_CACHE_HOME: folder,
    CALLS: calls,
    FAIL_AT: failAt,
  });
  return { pipCalls: () => readFileSync(calls, 'utf8').trim().split('\n'), cache: join(folder, 'rin') };
}

/** The tags of the wheels of a system. @param {import('../../packages/torch/setup/pip.mjs').System} system */
const tags = (system) => {
  const args = wheelArguments(system);
  return args.filter((_, index) => args[index - 1] === '--platform');
};

test('every wheel is pinned by version and hash, and the one with CUDA has all that the one without has', () => {
  for (const system of [x64, arm64]) {
    const cpu = requirements('cpu', system);
    const cuda = requirements('cuda', system);
    assert.equal(cpu.find(({ name }) => name === 'torch')?.version, TORCH_VERSION);
    for (const wheel of cpu)
      assert.deepEqual(
        cuda.find(({ name }) => name === wheel.name),
        wheel,
      );
  }
});

test('64-bit Arm has the packages and versions of x86-64, in wheels of its own', () => {
  for (const kind of /** @type {const} */ (['cpu', 'cuda'])) {
    const [here, arm] = [requirements(kind, x64), requirements(kind, arm64)];
    const named = (/** @type {typeof here} */ all) => all.map(({ name, version }) => `${name} ${version}`);
    assert.deepEqual(named(arm), named(here));
    for (const [i, { name, hash }] of arm.entries()) assert.notEqual(hash, here[i].hash, name);
  }
  assert.ok(tags(x64).includes('manylinux_2_28_x86_64') && tags(x64).includes('manylinux2014_x86_64'));
  assert.deepEqual(
    tags(arm64),
    tags(x64).map((tag) => tag.replace('x86_64', 'aarch64')),
  );
});

test('a Mac has one wheel of its own, of the same version', () => {
  const [torch, ...others] = requirements('cpu', mac);
  assert.deepEqual([torch.name, torch.version, others], ['torch', TORCH_VERSION, []]);
  for (const system of [x64, arm64]) assert.notEqual(torch.hash, requirements('cpu', system)[0].hash);
  assert.deepEqual(tags(mac), ['macosx_14_0_arm64']);
});

test('on a Mac libtorch is installed if macOS is new enough', async (t) => {
  const folder = temporaryFolder(t, { sw_vers: '#!/bin/sh\necho $VERSION\n' });
  setEnvironment(t, { PATH: `${folder}:${process.env.PATH}`, VERSION: '14.7.1' });
  await checkSystem('darwin');
  process.env.VERSION = '13.6';
  await assert.rejects(checkSystem('darwin'), /^SetupError: libtorch needs macOS 14 or newer; this system has 13\.6$/);
});

test('set-up runs on Linux and on Macs where there are wheels, and says what to use elsewhere', () => {
  for (const system of [x64, arm64, mac]) checkPlatform(system);
  for (const [platform, arch] of [
    ['linux', 'riscv64'],
    ['win32', 'x64'],
    ['linux', 'toString'],
  ]) {
    assert.equal(hasWheels({ platform, arch }), false);
    assert.throws(
      () => checkPlatform({ platform, arch }),
      new RegExp(`this is ${platform} ${arch}\\. On Windows use WSL2`),
    );
  }
  assert.throws(() => checkPlatform({ platform: 'darwin', arch: 'x64' }), /this Node is for x64\. On an Intel Mac use/);
});

test('libtorch is installed into the cache of the user, once', async (t) => {
  const { pipCalls, cache } = machine(t);
  const libtorch = await installLibtorch('cpu', recordingLog().log);
  assert.equal(libtorch.folder, join(cacheFolder('cpu'), 'torch'));
  assert.deepEqual(pipCalls(), ['download', 'download', 'download', 'install']);
  assert.deepEqual(readdirSync(cache).sort(), [`torch-${TORCH_VERSION}-cpu`, `torch-${TORCH_VERSION}-cpu.lock`]);
  await installLibtorch('cpu', recordingLog().log);
  assert.equal(pipCalls().length, 4);
});

test('an installation that breaks off leaves no libtorch, says why, and goes on next time', async (t) => {
  const { cache } = machine(t, 'nvidia-cuda-cupti');
  await assert.rejects(installLibtorch('cpu', recordingLog().log), (/** @type {Error} */ error) => {
    assert.equal(error.name, 'SetupError');
    assert.match(error.message, /^pip could not download nvidia-cuda-cupti 13\.2\.86:\nno connection\nTry again/);
    return true;
  });
  assert.equal(existsSync(cacheFolder('cpu')), false);
  const kept = readdirSync(join(cache, `torch-${TORCH_VERSION}-cpu.partial`, 'wheels'));
  assert.deepEqual(kept.sort(), ['nvidia-cuda-runtime.whl', 'torch.whl']);
  delete process.env.FAIL_AT;
  await installLibtorch('cpu', recordingLog().log);
  assert.equal(existsSync(cacheFolder('cpu')), true);
});

test('of two set-ups at once, one installs and the other waits for it', async (t) => {
  const { pipCalls } = machine(t);
  const logs = [recordingLog(), recordingLog()];
  const [a, b] = await Promise.all(logs.map(({ log }) => installLibtorch('cpu', log)));
  assert.deepEqual(a, b);
  assert.equal(pipCalls().filter((verb) => verb === 'install').length, 1);
  assert.ok(logs.some(({ told }) => told.includes('! Another process is installing libtorch; waiting for it')));
});
