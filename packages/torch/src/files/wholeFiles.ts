import { writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beside } from './halfFiles.js';
import { systemCode } from './systemErrors.js';

/*
 * Files and folders that are complete or absent, even if the process is killed or the disk loses power. Each is written
 * under a temporary name, flushed to the disk, and renamed. Then its parent folder is flushed.
 */

/** A change on the disk. `extend` adds a piece to the file that is being written. */
export type Change = 'make' | 'write' | 'extend' | 'rename' | 'remove';

/** Functions that are called at changes. */
export interface Watch {
  /** Called before each change. If it throws, the change is not made. */
  before?(change: Change, path: string): void;
  /** Turns the error of a change into the error that the caller gets. */
  explain?(error: unknown, change: Change, path: string): unknown;
}

/** Adds a piece to the file. */
export type Write = (piece: string | Uint8Array) => void;

/** The content of a file: all of it, or a function that writes it piece by piece. */
export type Content = string | Uint8Array | ((write: Write) => void | Promise<void>);

/** Makes one change. @throws the error that `watch.explain` returns, if the change fails */
export async function making<T>(watch: Watch, change: Change, path: string, make: () => T | Promise<T>): Promise<T> {
  try {
    watch.before?.(change, path);
    return await make();
  } catch (error) {
    throw watch.explain ? watch.explain(error, change, path) : error;
  }
}

/**
 * Writes a new file under its final name and flushes it to the disk.
 * @throws the system's error, as explained by `watch`
 */
export const writeFlushed = (path: string, content: Content, watch: Watch = {}): Promise<void> =>
  writeNew(path, content, watch, path, true);

/** @param name the file's path in messages */
async function writeNew(path: string, content: Content, watch: Watch, name: string, durable: boolean): Promise<void> {
  const file = await making(watch, 'write', name, () => open(path, 'wx'));
  let isClosed = false;
  try {
    await fill(file, content, watch, name);
    const rest: Watch = { explain: watch.explain };
    if (durable) await making(rest, 'write', name, () => file.sync());
    isClosed = true;
    await making(rest, 'write', name, () => file.close()); // a network disk may report only now that it is full
  } finally {
    if (!isClosed) await file.close().catch(() => {}); // the first error is the one to report
  }
}

async function fill(file: FileHandle, content: Content, watch: Watch, name: string): Promise<void> {
  // FileHandle.writeFile of Node 20.9 takes a short write for a complete one, for example at a limit of the file size.
  if (typeof content !== 'function')
    return making({ explain: watch.explain }, 'write', name, () => writeFileSync(file.fd, content));
  await content((piece) => {
    try {
      watch.before?.('extend', name);
      writeFileSync(file.fd, piece);
    } catch (error) {
      throw watch.explain ? watch.explain(error, 'extend', name) : error;
    }
  });
}

/**
 * Writes a file and replaces an existing one. At any moment, `path` has the old file or the complete new one. If
 * writing fails, the half file is removed.
 * @param durable false: nothing is flushed, so a power loss may lose the file. For files that replace no other and can
 *     be made again
 * @throws the system's error, as explained by `watch`
 */
export async function writeWhole(path: string, content: Content, watch: Watch = {}, durable = true): Promise<void> {
  const half = beside(path);
  try {
    await writeNew(half, content, watch, path, durable);
    await moveIntoPlace(half, path, watch, durable);
  } catch (error) {
    await discard(half, watch);
    throw error;
  }
}

/**
 * Makes a folder. It appears with all files that `fillFolder` writes, or not at all. An empty folder at `path` is
 * replaced.
 * @param fillFolder gets a temporary folder, which is renamed afterwards; it must flush the files that it writes
 * @throws the system's error, as explained by `watch`; ENOTEMPTY if `path` is a folder with files
 */
export async function writeFolder(
  path: string,
  fillFolder: (folder: string) => Promise<void>,
  watch: Watch = {},
): Promise<void> {
  const half = beside(path);
  await making(watch, 'make', half, () => mkdir(half));
  try {
    await fillFolder(half);
    await flush(half, watch);
    await moveIntoPlace(half, path, watch, true);
  } catch (error) {
    await discard(half, watch);
    throw error;
  }
}

async function moveIntoPlace(half: string, path: string, watch: Watch, durable: boolean): Promise<void> {
  await making(watch, 'rename', path, () => rename(half, path));
  if (durable) await flush(dirname(path), watch);
}

/** Removes a half file. Errors are ignored, because the error that made it useless is the one to report. */
async function discard(half: string, watch: Watch): Promise<void> {
  await making(watch, 'remove', half, () => rm(half, { recursive: true, force: true })).catch(() => {});
}

/** Codes that `flush` ignores. Some file systems cannot flush a folder; a writable folder may be unreadable. */
const cannotFlush = new Set<unknown>(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/** Flushes a file, or the names in a folder, to the disk. */
export async function flush(path: string, watch: Watch = {}): Promise<void> {
  await making({ explain: watch.explain }, 'write', path, async () => {
    try {
      const file = await open(path, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!cannotFlush.has(systemCode(error))) throw error;
    }
  });
}
