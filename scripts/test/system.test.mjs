// @ts-check
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSystem, macInstall } from '../../packages/torch/setup/system.mjs';
import { recordingLog, setEnvironment, temporaryFolder } from './folders.mjs';

/** apt-get that notes its calls and "installs" g++ beside itself. */
const APT = `#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$*" in *install*) printf '#!/bin/sh\\necho g++ 13\\n' > "$(dirname "$0")/g++"; /bin/chmod +x "$(dirname "$0")/g++" ;; esac
`;

/** A machine that has these programs and no others. @param {import('node:test').TestContext} t @param {Record<string, string>} programs @param {number} user */
function machine(t, programs, user) {
  const folder = temporaryFolder(t, {
    env: '#!/bin/sh\nexec /usr/bin/env "$@"\n',
    dirname: '#!/bin/sh\nexec /usr/bin/dirname "$@"\n',
    ...programs,
  });
  setEnvironment(t, { PATH: folder, CXX: undefined });
  const { getuid } = process;
  process.getuid = () => user;
  t.after(() => {
    process.getuid = getuid;
  });
  return folder;
}

test('what is there is not installed', async (t) => {
  const folder = machine(t, { 'apt-get': APT, 'g++': '#!/bin/sh\necho g++ 12\n' }, 0);
  await ensureSystem(['compiler'], recordingLog().log);
  assert.equal(existsSync(join(folder, 'calls')), false);
});

test('a Mac gets the command that installs what it lacks', () => {
  const command = 'xcode-select --install';
  assert.equal(macInstall(['compiler']), `Install a C++20 compiler (clang) first: ${command}`);
  assert.equal(
    macInstall(['compiler', 'python']),
    `Install a C++20 compiler (clang) and Python 3 with pip first: ${command}`,
  );
  assert.equal(macInstall(['browser']), 'Install the browser Chromium first');
});

test('root installs with apt-get, the package lists first', async (t) => {
  const folder = machine(t, { 'apt-get': APT }, 0);
  await ensureSystem(['compiler'], recordingLog().log);
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  assert.match(calls[1], / update$/);
  assert.match(calls[2], / install --yes --no-install-recommends g\+\+$/);
});

test('the browser of the tests is installed like the compiler, and has to run', async (t) => {
  const folder = machine(t, { 'apt-get': APT }, 0);
  const error = /^SetupError: apt-get installed the browser Chromium, but it is not on the PATH/;
  await assert.rejects(ensureSystem(['browser'], recordingLog().log), error); // this apt-get installs g++ alone
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  assert.match(calls[2], / install --yes --no-install-recommends chromium$/);
});

test('another user without a terminal gets the exact command, and nothing is installed', async (t) => {
  const folder = machine(t, { 'apt-get': APT }, 1000);
  await assert.rejects(ensureSystem(['compiler'], recordingLog().log), {
    name: 'SetupError',
    message:
      'Install a C++20 compiler (g++ 11 or newer) first:\n' +
      "  sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends g++'",
  });
  assert.equal(existsSync(join(folder, 'g++')), false);
});

test('on a machine without apt-get it says what to install', async (t) => {
  machine(t, {}, 0);
  await assert.rejects(
    ensureSystem(['compiler'], recordingLog().log),
    /^SetupError: Install a C\+\+20 compiler .* with this system's package manager first/,
  );
});

test('a $CXX that does not run is named', async (t) => {
  machine(t, { 'apt-get': APT }, 0);
  setEnvironment(t, { CXX: 'clang++-99' });
  await assert.rejects(ensureSystem(['compiler'], recordingLog().log), /\$CXX is "clang\+\+-99", which does not run/);
});
