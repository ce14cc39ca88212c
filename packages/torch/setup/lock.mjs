// @ts-check
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './errors.mjs';
import { makeFolder } from './makeFolder.mjs';
import { run } from './run.mjs';

/**
 * Does `work` while this process holds a lock on the file `path`.
 *
 * It is a lock of the kernel (flock), so a crash releases it. The command `flock` locks a descriptor that it inherits. The lock
 * holds while any process has that descriptor open: this process, and those to which `work` passes it.
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
    let code = await flock(lock, '--nonblock');
    if (code === 1) {
      onWait(); // another process holds it
      code = await flock(lock);
    }
    if (code !== 0) {
      throw new SetupError(
        `${path} cannot be locked: the command "flock" fails or is missing; install the package util-linux`,
      );
    }
    return await work(lock);
  } finally {
    closeSync(lock);
  }
}

/** @param {number} lock @param {string[]} options */
const flock = async (lock, ...options) => (await run('flock', ['--exclusive', ...options, '3'], { lock })).code;
