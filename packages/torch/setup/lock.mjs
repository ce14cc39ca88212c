// @ts-check
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { makeFolder } from './makeFolder.mjs';
import { run } from './run.mjs';

/**
 * Does `work` while this process holds a lock on the file `path`.
 *
 * It is a lock of the kernel (flock), so a crash releases it. The command `flock` locks a descriptor that it inherits. Where
 * there is no such command, as on macOS, Python does the same. The lock holds while any process has that descriptor open: this
 * process, and those to which `work` passes it.
 *
 * @template T
 * @param {string} path                          created if it does not exist; its folder too
 * @param {{ onWait: () => void }} options       is called once if another process holds the lock
 * @param {(lock: number) => Promise<T>} work
 * @returns {Promise<T>} the result of `work`
 * @throws SetupError if the file cannot be locked
 */
export async function withLock(path, { onWait }, work) {
  makeFolder(dirname(path));
  const lock = openSync(path, 'a');
  try {
    let state = await flock(lock, '--nonblock');
    if (state === 'held') {
      onWait();
      state = await flock(lock);
    }
    if (state !== 'locked') throw new SetupError(cannotLock(path));
    return await work(lock);
  } finally {
    closeSync(lock);
  }
}

/** @param {number} lock @param {string[]} options @returns {Promise<'locked' | 'held' | 'failed'>} held: by another process */
async function flock(lock, ...options) {
  const { code } = await run('flock', ['--exclusive', ...options, '3'], { lock });
  if (code !== 127) return stateOf(code, 1);
  // There is no such command.
  const script = fileURLToPath(new URL('flock.py', import.meta.url));
  return stateOf((await run('python3', [script, ...options], { lock })).code, 75);
}

/** @param {number} code @param {number} held  the code that says so */
const stateOf = (code, held) => (code === 0 ? 'locked' : code === held ? 'held' : 'failed');

/** @param {string} path @param {string} [platform]  as `process.platform` */
export const cannotLock = (path, platform = process.platform) =>
  platform === 'darwin'
    ? `${path} cannot be locked: python3 does not run; install it: xcode-select --install`
    : `${path} cannot be locked: the command "flock" fails or is missing; install the package util-linux`;
