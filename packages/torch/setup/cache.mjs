// @ts-check
import { existsSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { SetupError } from './errors.mjs';
import { describeLibtorch } from './libtorch.mjs';
import { withLock } from './lock.mjs';
import { makeFolder } from './makeFolder.mjs';
import { bytesUnder, download, Pip, TORCH_VERSION, unpack } from './pip.mjs';
import { run } from './run.mjs';
import { pipPython } from './system.mjs';

/**
 * @typedef {import('./libtorch.mjs').Libtorch} Libtorch
 * @typedef {import('./log.mjs').Log} Log
 * @typedef {import('./pip.mjs').Kind} Kind
 */

/** Peak disk space of an installation in GB: wheels, the tree unpacked from them, and one wheel twice. */
const SPACE = { cpu: 3, cuda: 8 };

/** The folder of this user's pinned libtorch, which may not exist yet. All projects share it. @param {Kind} kind */
export const cacheFolder = (kind) => join(userCache(), `torch-${TORCH_VERSION}-${kind}`);

/** The folder that set-up keeps for this user and all projects. */
export function userCache() {
  const xdg = process.env.XDG_CACHE_HOME;
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'rin');
}

/**
 * Installs the pinned libtorch into the cache with pip. pip checks every wheel by its hash.
 *
 * The work is done in a temporary folder, which is renamed at the end. So the cache holds a whole libtorch or none. An
 * interrupted installation resumes after the last whole wheel.
 *
 * @param {Kind} kind
 * @param {Log} log
 * @returns {Promise<Libtorch>}
 * @throws SetupError if the system is too old, the disk is too small, or pip fails
 */
export async function installLibtorch(kind, log) {
  await checkSystem();
  const folder = cacheFolder(kind);
  const onWait = () => log.warn('Another process is installing libtorch; waiting for it');
  return withLock(`${folder}.lock`, { onWait }, async (lock) => {
    if (!existsSync(folder)) {
      const partial = `${folder}.partial`;
      const tree = join(partial, 'tree');
      const wheels = join(partial, 'wheels');
      const temporary = join(partial, 'temporary');
      for (const leftover of [tree, temporary]) rmSync(leftover, { recursive: true, force: true });
      for (const path of [wheels, temporary]) makeFolder(path);
      checkSpace('libtorch', SPACE[kind], dirname(folder), bytesUnder(wheels));
      // pip's temporary files would go to /tmp, which may be small or in memory.
      const pip = new Pip((await pipPython()) ?? 'python3', temporary, lock);
      await download(kind, pip, wheels, log);
      await unpack(kind, pip, wheels, tree, log);
      renameSync(tree, folder);
      rmSync(partial, { recursive: true, force: true });
    }
    return describeLibtorch(folder, 'cache');
  });
}

/** @param {string} [platform]  as `process.platform` */
export async function checkSystem(platform = process.platform) {
  if (platform === 'darwin') {
    const { code, output } = await run('sw_vers', ['-productVersion']);
    if (code === 0 && Number(output.split('.')[0]) >= 14) return;
    throw new SetupError(`libtorch needs macOS 14 or newer; this system has ${code === 0 ? output.trim() : 'another'}`);
  }
  const { code, output } = await run('getconf', ['GNU_LIBC_VERSION']);
  const [major, minor] = (/glibc (\d+)\.(\d+)/.exec(output) ?? []).slice(1).map(Number);
  if (code === 0 && (major > 2 || minor >= 28)) return;
  const found = code === 0 ? output.trim() : 'another C library (musl?)';
  throw new SetupError(
    `libtorch needs glibc 2.28 or newer; this system has ${found}. Use Debian 12 or Ubuntu 24.04, for example`,
  );
}

/** @param {string} what @param {number} gigabytes @param {string} folder @param {number} [already]  bytes that are already downloaded */
export function checkSpace(what, gigabytes, folder, already = 0) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize + already >= gigabytes * 1e9) return;
  const free = ((bavail * bsize) / 1e9).toFixed(1);
  throw new SetupError(
    `${what} needs ${gigabytes} GB of free disk space in ${folder}, which has ${free} GB. Free some, or set XDG_CACHE_HOME to a folder on another disk`,
  );
}
