// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TORCH_VERSION } from '../../packages/torch/setup/pip.mjs';
import { ensurePython, findPython } from '../python.mjs';
import { recordingLog, setEnvironment, temporaryFolder } from './folders.mjs';

/**
 * A python3 whose environments hold itself, and whose pip only notes what it should install (or fails, with $FAIL set); the
 * version of a package is what was noted beside bin/.
 */
const PYTHON = `#!/bin/sh
folder="$(dirname "$(dirname "$0")")"
case "$*" in
  "-c import venv"*) exit 0 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *" install "*)
    [ -n "$FAIL" ] && { echo "no connection"; exit 1; }
    for name; do echo "$name" >> "$folder/packages"; done ;;
  *) grep "^$3==" "$folder/packages" 2> /dev/null | tail -1 | sed 's/.*==//' | grep . ;;
esac
`;

/** @param {import('node:test').TestContext} t @param {Record<string, string>} [files] */
function machine(t, files) {
  const folder = temporaryFolder(t, { 'bin/python3': PYTHON, ...files });
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  setEnvironment(t, { PATH, XDG_CACHE_HOME: folder, RIN_PYTHON: undefined, FAIL: undefined });
  return { folder, environment: join(folder, 'rin', `python-torch-${TORCH_VERSION}`) };
}

test('the environment is made once, and completed for the benchmarks', async (t) => {
  const { environment } = machine(t);
  const { log, told } = recordingLog();
  assert.equal(await findPython(), undefined);
  const python = await ensurePython({ log });
  assert.equal(python, join(environment, 'bin', 'python'));
  assert.equal(await findPython(), python);
  assert.equal(await findPython({ peer: true }), undefined);
  assert.equal(await ensurePython({ log, peer: true }), python);
  assert.equal(await ensurePython({ log, peer: true }), python);
  assert.deepEqual(told, [`Installing PyTorch ${TORCH_VERSION} for Python`, 'Installing rin-pytorch']);

  // Each addition is installed on its own, and the ones that are there are left alone.
  assert.equal(await findPython({ diffusers: true }), undefined);
  assert.equal(await ensurePython({ log, diffusers: true }), python);
  assert.equal(await ensurePython({ log, peer: true, diffusers: true }), python);
  assert.deepEqual(told.slice(2), ['Installing diffusers']);
});

test('an environment whose making broke off is not taken, and is made anew', async (t) => {
  const { environment } = machine(t);
  process.env.FAIL = '1';
  await assert.rejects(ensurePython({ log: recordingLog().log }), {
    name: 'SetupError',
    message: `pip could not install torch==${TORCH_VERSION}, numpy==2.4.6, onnx==1.23.2, tensorboard==2.21.0:\nno connection`,
  });
  assert.equal(existsSync(environment), true);
  assert.equal(await findPython(), undefined);
  delete process.env.FAIL;
  await ensurePython({ log: recordingLog().log });
  assert.match(readFileSync(join(environment, 'packages'), 'utf8'), new RegExp(`^torch==${TORCH_VERSION}$`, 'm'));
});

test("python3's torch is taken where it is of the pinned version", async (t) => {
  machine(t, { packages: `torch==${TORCH_VERSION}+cpu\n` });
  assert.equal(await findPython(), 'python3');
  machine(t, { packages: 'torch==2.14.0\n' });
  assert.equal(await findPython(), undefined);
});

test('$RIN_PYTHON comes first, whatever its version, and is an error where it has no torch', async (t) => {
  const { folder } = machine(t, { 'mine/bin/python': PYTHON, 'mine/packages': 'torch==2.14.0\n' });
  process.env.RIN_PYTHON = join(folder, 'mine/bin/python');
  assert.equal(await findPython(), process.env.RIN_PYTHON);
  process.env.RIN_PYTHON = join(folder, 'bin/python3');
  await assert.rejects(findPython(), /^SetupError: \$RIN_PYTHON, .*, is not a Python with torch; install it there/);
});

test('where the system lets no cache be made, the program says so in a sentence', (t) => {
  machine(t);
  const program = fileURLToPath(new URL('../python.mjs', import.meta.url));
  const says = (/** @type {string} */ cache) => {
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const { status, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8', timeout: 20_000 });
    assert.equal(status, 1);
    return stderr;
  };
  assert.equal(says('/proc/none'), '\nCannot make /proc/none: the system allows no folder there\n');
  assert.match(says('/sys/none'), /^\nSet-up stopped: E[A-Z]+: .* '\/sys\/none'\n$/);
});
