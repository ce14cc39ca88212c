// @ts-check
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { describeLibtorch } from './libtorch.mjs';
import { withLock } from './lock.mjs';
import { run } from './run.mjs';
import { lastLines, pipPython } from './system.mjs';

/**
 * @typedef {import('./libtorch.mjs').Libtorch} Libtorch
 * @typedef {import('./log.mjs').Log} Log
 * @typedef {'cpu' | 'cuda'} Kind
 */

/** The pinned version; the requirement files beside this one name the same. */
export const TORCH_VERSION = '2.15.0';

/** Free disk space in GB that an installation takes at its widest: wheels, the tree unpacked from them, one wheel twice. */
const SPACE = { cpu: 3, cuda: 8 };

/** The wheels that the hashes belong to, whatever Python unpacks them. pip compares the tags as text, so each is named. */
const WHEELS = [
  ['--python-version', '3.11', '--implementation', 'cp', '--only-binary', ':all:'],
  ...['2_28', '2_27', '2_25', '2_18', '2_17', '2_12', '2_5'].map((glibc) => [
    '--platform',
    `manylinux_${glibc}_x86_64`,
  ]),
  ...['2014', '2010', '1'].map((year) => ['--platform', `manylinux${year}_x86_64`]),
].flat();

/** The user's settings for pip that would send the files elsewhere, or ask. Index, proxy and certificates stay theirs. */
const PIP_ENV = {
  PIP_USER: '0',
  PIP_REQUIRE_VIRTUALENV: '0',
  PIP_NO_INPUT: '1',
  PIP_PROGRESS_BAR: 'off',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
};

/** Where the pinned libtorch of this user lies or will lie; one copy for all projects. @param {Kind} kind */
export function cacheFolder(kind) {
  const xdg = process.env.XDG_CACHE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache');
  return join(base, 'rin', `torch-${TORCH_VERSION}-${kind}`);
}

/**
 * Installs the pinned libtorch into the cache with pip, every wheel checked by its hash.
 *
 * The work is done in a folder beside, which is renamed at the end, so that the cache holds a whole libtorch or none. An
 * interrupted installation goes on from the last whole wheel.
 *
 * @param {Kind} kind
 * @param {Log} log
 * @returns {Promise<Libtorch>}
 * @throws {SetupError}
 */
export async function installLibtorch(kind, log) {
  await checkGlibc();
  const folder = cacheFolder(kind);
  const onWait = () => log.warn('Another set-up is installing libtorch; waiting for it');
  return withLock(`${folder}.lock`, { onWait }, async (lock) => {
    if (!existsSync(folder)) {
      const partial = `${folder}.partial`;
      const tree = join(partial, 'tree');
      const wheels = join(partial, 'wheels');
      const temporary = join(partial, 'temporary');
      for (const leftover of [tree, temporary]) rmSync(leftover, { recursive: true, force: true });
      for (const path of [wheels, temporary]) mkdirSync(path, { recursive: true });
      checkSpace(kind, dirname(folder), bytesUnder(wheels));
      // pip's own temporary files would go to /tmp, which may be small, and lie in memory.
      const pip = new Pip((await pipPython()) ?? 'python3', temporary, lock);
      await download(kind, pip, wheels, log);
      await unpack(kind, pip, wheels, tree, log);
      renameSync(tree, folder);
      rmSync(partial, { recursive: true, force: true });
    }
    return describeLibtorch(folder, 'cache');
  });
}

class Pip {
  /** @param {string} python @param {string} temporary @param {number} lock */
  constructor(python, temporary, lock) {
    this.python = python;
    this.temporary = temporary;
    this.lock = lock;
  }

  /** @param {string} verb @param {string[]} args */
  run(verb, ...args) {
    return run(
      this.python,
      ['-m', 'pip', verb, '--quiet', '--no-cache-dir', '--no-deps', '--require-hashes', ...WHEELS, ...args],
      {
        env: { ...PIP_ENV, TMPDIR: this.temporary },
        lock: this.lock,
      },
    );
  }
}

/** @param {Kind} kind */
const requirementsFile = (kind) => fileURLToPath(new URL(`requirements-${kind}.txt`, import.meta.url));

/**
 * The lines of a requirements file: name==version --hash=sha256:…   # size in MB
 *
 * @param {Kind} kind
 */
export function requirements(kind) {
  const lines = readFileSync(requirementsFile(kind), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^(?<name>\S+)==(?<version>\S+) (?<hash>--hash=sha256:[0-9a-f]{64}) +# (?<megabytes>\d+) MB$/.exec(
        line,
      );
      if (!match?.groups) throw new Error(`${requirementsFile(kind)}: cannot read "${line}"`);
      const { name, version, hash, megabytes } = match.groups;
      return { name, version, hash, megabytes: Number(megabytes) };
    });
}

/**
 * One pip for each wheel, so that those that are whole are kept; pip checks these by their hashes and loads no wheel twice.
 *
 * @param {Kind} kind @param {Pip} pip @param {string} wheels @param {Log} log
 */
async function download(kind, pip, wheels, log) {
  const all = requirements(kind);
  const total = all.reduce((sum, { megabytes }) => sum + megabytes, 0);
  const title = `Downloading libtorch ${TORCH_VERSION} (${kind === 'cuda' ? 'CUDA' : 'CPU'})`;
  await log.task(title, async (progress) => {
    for (const [index, { name, version, hash }] of all.entries()) {
      const one = join(pip.temporary, 'requirement.txt');
      writeFileSync(one, `${name}==${version} ${hash}\n`);
      const show = () => {
        const loaded = Math.min(total, Math.round((bytesUnder(wheels) + bytesUnder(pip.temporary)) / 1e6));
        progress(`${loaded} of ${total} MB, ${name} (${index + 1} of ${all.length})`);
      };
      show();
      const timer = setInterval(show, 500);
      const { code, output } = await pip.run('download', '--dest', wheels, '--requirement', one);
      clearInterval(timer);
      if (code !== 0) {
        throw new SetupError(
          `pip could not download ${name} ${version}:\n${lastLines(output)}\n` +
            'Try again (the wheels that are whole are kept), or set LIBTORCH to the folder of a libtorch that you have',
        );
      }
    }
  });
}

/** @param {Kind} kind @param {Pip} pip @param {string} wheels @param {string} tree @param {Log} log */
async function unpack(kind, pip, wheels, tree, log) {
  await log.task('Unpacking libtorch', async (progress) => {
    const timer = setInterval(() => progress(`${Math.round(bytesUnder(dirname(tree)) / 1e6)} MB`), 1000);
    const from = ['--no-index', '--find-links', wheels, '--requirement', requirementsFile(kind)];
    const { code, output } = await pip.run('install', '--no-compile', '--target', tree, ...from);
    clearInterval(timer);
    if (code !== 0) throw new SetupError(`pip could not unpack libtorch into ${tree}:\n${lastLines(output)}`);
  });
}

async function checkGlibc() {
  const { code, output } = await run('getconf', ['GNU_LIBC_VERSION']);
  const [major, minor] = (/glibc (\d+)\.(\d+)/.exec(output) ?? []).slice(1).map(Number);
  if (code === 0 && (major > 2 || minor >= 28)) return;
  const found = code === 0 ? output.trim() : 'another C library (musl?)';
  throw new SetupError(
    `libtorch needs glibc 2.28 or newer; this system has ${found}. Debian 12 or Ubuntu 24.04 will do`,
  );
}

/** @param {Kind} kind @param {string} folder @param {number} already  bytes loaded before */
function checkSpace(kind, folder, already) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize + already >= SPACE[kind] * 1e9) return;
  const free = ((bavail * bsize) / 1e9).toFixed(1);
  throw new SetupError(
    `libtorch needs ${SPACE[kind]} GB free in ${folder}; ${free} GB are. Free some, or set XDG_CACHE_HOME elsewhere`,
  );
}

/** The size of all files under a folder that may change meanwhile. @param {string} folder @returns {number} */
function bytesUnder(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory() ? bytesUnder(path) : statSync(path).size;
    }
  } catch {
    // It went away between two looks: it will be counted where it is next time.
  }
  return bytes;
}
