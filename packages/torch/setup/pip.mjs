// @ts-check
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { run } from './run.mjs';
import { lastLines } from './system.mjs';

/**
 * @typedef {import('./log.mjs').Log} Log
 * @typedef {'cpu' | 'cuda'} Kind   a libtorch for the CPU only, or with everything that CUDA needs
 */

/** The pinned version. The requirement files in this folder name the same one. */
export const TORCH_VERSION = '2.15.0';

/** Names of the processors for which wheels are pinned: Python's by Node's. */
export const PROCESSORS = { x64: 'x86_64', arm64: 'aarch64' };

/** Whether wheels are pinned for a system with this processor. @param {string} platform @param {string} arch  as in `process` */
export const hasWheels = (platform, arch) => platform === 'linux' && Object.hasOwn(PROCESSORS, arch);

/**
 * pip's arguments for the pinned wheels of a processor; any Python can unpack them. pip compares tags as text, so every tag is
 * listed.
 *
 * @param {string} [arch]  as `process.arch`
 */
export function wheelArguments(arch = process.arch) {
  const processor = PROCESSORS[/** @type {keyof typeof PROCESSORS} */ (arch)];
  const glibc = ['2_28', '2_27', '2_25', '2_18', '2_17', '2_12', '2_5'].map((version) => `manylinux_${version}`);
  const years = ['2014', '2010', '1'].map((year) => `manylinux${year}`);
  return [
    ...['--python-version', '3.11', '--implementation', 'cp', '--only-binary', ':all:'],
    ...[...glibc, ...years].flatMap((tag) => ['--platform', `${tag}_${processor}`]),
  ];
}

/** Overrides the user's pip settings that would ask questions or put files elsewhere. Index, proxy and certificates are kept. */
export const PIP_ENV = {
  PIP_USER: '0',
  PIP_REQUIRE_VIRTUALENV: '0',
  PIP_NO_INPUT: '1',
  PIP_PROGRESS_BAR: 'off',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
};

/** The user's pip, for the pinned wheels only. */
export class Pip {
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
      ['-m', 'pip', verb, '--quiet', '--no-cache-dir', '--no-deps', '--require-hashes', ...wheelArguments(), ...args],
      {
        env: { ...PIP_ENV, TMPDIR: this.temporary },
        lock: this.lock,
      },
    );
  }
}

/** The file that pins the wheels of a processor. @param {Kind} kind @param {string} [arch]  as `process.arch` */
export const requirementsFile = (kind, arch = process.arch) =>
  fileURLToPath(new URL(`requirements-${kind}${arch === 'x64' ? '' : `-${arch}`}.txt`, import.meta.url));

/**
 * The lines of a requirements file: name==version --hash=sha256:…   # size in MB
 *
 * @param {Kind} kind
 * @param {string} [arch]  as `process.arch`
 */
export function requirements(kind, arch = process.arch) {
  const file = requirementsFile(kind, arch);
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^(?<name>\S+)==(?<version>\S+) (?<hash>--hash=sha256:[0-9a-f]{64}) +# (?<megabytes>\d+) MB$/.exec(
        line,
      );
      if (!match?.groups) throw new Error(`${file}: expected name==version --hash=sha256:… # N MB, got "${line}"`);
      const { name, version, hash, megabytes } = match.groups;
      return { name, version, hash, megabytes: Number(megabytes) };
    });
}

/**
 * Runs pip once for each wheel, so that whole wheels are kept after an error. pip checks their hashes and skips them next time.
 *
 * @param {Kind} kind @param {Pip} pip @param {string} wheels @param {Log} log
 */
export async function download(kind, pip, wheels, log) {
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
            'Try again (complete wheels are kept), or set LIBTORCH to the folder of a libtorch that you have',
        );
      }
    }
  });
}

/** @param {Kind} kind @param {Pip} pip @param {string} wheels @param {string} tree @param {Log} log */
export async function unpack(kind, pip, wheels, tree, log) {
  await log.task('Unpacking libtorch', async (progress) => {
    const timer = setInterval(() => progress(`${Math.round(bytesUnder(dirname(tree)) / 1e6)} MB`), 1000);
    const from = ['--no-index', '--find-links', wheels, '--requirement', requirementsFile(kind)];
    const { code, output } = await pip.run('install', '--no-compile', '--target', tree, ...from);
    clearInterval(timer);
    if (code !== 0) throw new SetupError(`pip could not unpack libtorch into ${tree}:\n${lastLines(output)}`);
  });
}

/** The size of all files under a folder, which may change meanwhile. @param {string} folder @returns {number} */
export function bytesUnder(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory() ? bytesUnder(path) : statSync(path).size;
    }
  } catch {
    // It was moved or deleted meanwhile; the next call counts it.
  }
  return bytes;
}
