// @ts-check
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './errors.mjs';
import { makeFolder } from './makeFolder.mjs';
import { run } from './run.mjs';

/**
 * Does `work` while holding the file `path` locked against every other process on this machine.
 *
 * The lock is the kernel's (flock), so no crash leaves it behind. `flock` locks a descriptor that it inherits; the lock
 * lives as long as any process has that descriptor open: this one, and those that `work` hands it to.
 *
 * @template T
 * @param {string} path                          created if it is not there; its folder too
 * @param {{ onWait: () => void }} options       called once if another process holds the lock
 * @param {(lock: number) => Promise<T>} work
 * @returns {Promise<T>}
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
      throw new SetupError(`${path} cannot be locked: the command "flock" (package util-linux) failed or is missing`);
    }
    return await work(lock);
  } finally {
    closeSync(lock);
  }
}

/** @param {number} lock @param {string[]} options */
const flock = async (lock, ...options) => (await run('flock', ['--exclusive', ...options, '3'], { lock })).code;
