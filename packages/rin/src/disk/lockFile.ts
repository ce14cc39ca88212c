import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from './systemError.js';

/**
 * The lock of a run on macOS, whose kernel has no abstract sockets: `open` takes a lock of the kernel on a file in the folder of
 * the run. The kernel removes the lock when the process ends, in whatever way; the file stays, and has no meaning by itself.
 */

// Flags of macOS that Node does not name (open(2), sys/fcntl.h): open and lock, for others to read or for nobody else.
const [shared, exclusive] = [0x10, 0x20];

const fileOf = (folder: string): string => join(folder, '.lock');

/** Locks a run. @returns undefined if another process holds the lock */
export function lockFile(folder: string): Disposable | undefined {
  const { O_CREAT, O_RDWR } = constants;
  const file = openLocked(folder, O_CREAT | O_RDWR | exclusive);
  if (file === 'held') return undefined;
  ftruncateSync(file);
  writeSync(file, String(process.pid), 0);
  return { [Symbol.dispose]: () => closeSync(file) };
}

/** Whether a process holds the lock of a run. */
export function isFileLocked(folder: string): boolean {
  try {
    const file = openLocked(folder, constants.O_RDONLY | shared);
    if (file === 'held') return true;
    closeSync(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error; // it was never trained here
  }
  return false;
}

/** The process that holds the lock of a run; undefined if none does. */
export const fileLockHolder = (folder: string): number | undefined =>
  isFileLocked(folder) ? Number(readFileSync(fileOf(folder), 'utf8')) : undefined;

function openLocked(folder: string, flags: number): number | 'held' {
  try {
    return openSync(fileOf(folder), flags | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return 'held';
    throw error;
  }
}
