import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readlinkSync, realpathSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { fileLockHolder, isFileLocked, lockFile } from './lockFile.js';
import { systemCode } from './systemError.js';

/** Attempts to get a lock, and ms between them. The lock of a process that was just killed may last a moment longer. */
const [attempts, pause] = [10, 100];

const isMac = process.platform === 'darwin';

/**
 * Locks a run until disposed, so that no second process of this machine trains it. The lock is a name in the kernel (an
 * abstract socket), not a file. The kernel removes it when the process ends, in whatever way. macOS has other locks (`lockFile`).
 * @param path folder of the run; it must exist
 * @throws RinError if another process trains the run
 */
export async function lockRun(path: string): Promise<Disposable> {
  for (let attempt = 1; ; attempt++) {
    const lock = isMac ? lockFile(path) : await listen(lockName(path));
    if (lock) return lock;
    if (attempt < attempts) await setTimeout(pause);
    else
      throw new RinError(
        `${path} is being trained by another process; wait until it ends, or start another run with --new`,
      );
  }
}

/** Takes a name in the kernel. @returns undefined if another process has it */
async function listen(name: string): Promise<Disposable | undefined> {
  const server = createServer((visitor) => visitor.destroy()).unref();
  try {
    server.listen({ path: name });
    await once(server, 'listening');
    return { [Symbol.dispose]: () => server.close() };
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
    return undefined;
  }
}

/** Whether a process of this machine is training a run. @param path folder of the run; it must exist */
export async function isLocked(path: string): Promise<boolean> {
  if (isMac) return isFileLocked(path);
  const visitor = connect({ path: lockName(path) });
  try {
    await once(visitor, 'connect');
    return true;
  } catch (error) {
    if (systemCode(error) === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    visitor.destroy();
  }
}

/**
 * The process that is training a run, from the kernel's lists of sockets and of open files.
 * @param path folder of the run; it must exist
 * @returns its number; undefined if no process is training the run, or if the process belongs to another user
 */
export async function lockHolder(path: string): Promise<number | undefined> {
  if (isMac) return fileLockHolder(path);
  const name = lockName(path).replace('\0', '@');
  const isListening = (flags: string): boolean => (Number.parseInt(flags, 16) & 0x10000) !== 0; // not one that visits
  for (const line of (await readFile('/proc/net/unix', 'utf8')).split('\n')) {
    const [, , , flags, , , inode, socket] = line.trim().split(/\s+/);
    if (socket?.replace(/@+$/, '') === name && isListening(flags))
      // Node fills the name up with zeros
      return processWith(`socket:[${inode}]`);
  }
  return undefined;
}

/** The process that has opened something. @param link as `/proc/PID/fd` names it */
async function processWith(link: string): Promise<number | undefined> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const folder = join('/proc', pid, 'fd');
    const files = await readdir(folder).catch(() => []); // it has ended, or belongs to another user
    if (files.some((file) => linkOf(join(folder, file)) === link)) return Number(pid);
  }
  return undefined;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // it was closed meanwhile
  }
}

/** A name for the folder itself: every symbolic link to the folder gives the same name. */
const lockName = (path: string): string => `\0rin-run-${createHash('sha256').update(realpathSync(path)).digest('hex')}`;
