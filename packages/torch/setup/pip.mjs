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

/** @typedef {{ platform: string, arch: string }} System   a system and its processor, by the names of `process` */

/** pip compares tags as text, so every tag is listed. @param {string} processor  its name in tags */
function linuxTags(processor) {
  const glibc = ['2_28', '2_27', '2_25', '2_18', '2_17', '2_12', '2_5'].map((version) => `manylinux_${version}`);
  const years = ['2014', '2010', '1'].map((year) => `manylinux${year}`);
  return [...glibc, ...years].map((tag) => `${tag}_${processor}`);
}

/**
 * The systems for which wheels are pinned: the tags of their wheels, and the end of the names of their requirement files.
 *
 * @type {Readonly<Record<string, { tags: string[], file: string }>>}
 */
const SYSTEMS = {
  'linux x64': { tags: linuxTags('x86_64'), file: '' },
  'linux arm64': { tags: linuxTags('aarch64'), file: '-arm64' },
  'darwin arm64': { tags: ['macosx_14_0_arm64'], file: '-macos-arm64' },
};

/** Whether wheels are pinned for a system. @param {System} system */
export const hasWheels = ({ platform, arch }) => Object.hasOwn(SYSTEMS, `${platform} ${arch}`);

/** pip's arguments for the pinned wheels of a system; any Python can unpack them. @param {System} [system] */
export const wheelArguments = ({ platform, arch } = process) => [
  ...['--python-version', '3.11', '--implementation', 'cp', '--only-binary', ':all:'],
  ...SYSTEMS[`${platform} ${arch}`].tags.flatMap((tag) => ['--platform', tag]),
];

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

/** The file that pins the wheels of a system. @param {Kind} kind  `cpu` on macOS @param {System} [system] */
export const requirementsFile = (kind, { platform, arch } = process) =>
  fileURLToPath(new URL(`requirements-${kind}${SYSTEMS[`${platform} ${arch}`].file}.txt`, import.meta.url));

/**
 * The lines of a requirements file: name==version --hash=sha256:…   # size in MB
 *
 * @param {Kind} kind
 * @param {System} [system]
 */
export function requirements(kind, system = process) {
  const file = requirementsFile(kind, system);
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
