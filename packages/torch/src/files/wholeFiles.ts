import { writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beside } from './halfFiles.js';
import { systemCode } from './systemErrors.js';

/*
 * Files and folders that are whole or absent. Each is written beside its place, flushed to the disk, and renamed; then the
 * folder that holds it is flushed. A process may be killed, and the disk may lose power, at any moment.
 */

/** What is done to the disk. `extend` adds a piece to the file that is being written. */
export type Change = 'make' | 'write' | 'extend' | 'rename' | 'remove';

/** Who is told of changes. */
export interface Watch {
  /** Is called before each change; the change is not made if it throws. */
  before?(change: Change, path: string): void;
  /** Turns what a change threw into what the caller gets. */
  explain?(error: unknown, change: Change, path: string): unknown;
}

/** Adds a piece to the file. */
export type Write = (piece: string | Uint8Array) => void;

/** What is written: all at once, or piece by piece. */
export type Content = string | Uint8Array | ((write: Write) => void | Promise<void>);

/** Makes one change. */
export async function making<T>(watch: Watch, change: Change, path: string, make: () => T | Promise<T>): Promise<T> {
  try {
    watch.before?.(change, path);
    return await make();
  } catch (error) {
    throw watch.explain ? watch.explain(error, change, path) : error;
  }
}

/** Writes a new file and flushes it to the disk. It is not renamed. */
export const writeFlushed = (path: string, content: Content, watch: Watch = {}): Promise<void> =>
  writeNew(path, content, watch, path, true);

/** @param name what the file is called in messages */
async function writeNew(path: string, content: Content, watch: Watch, name: string, durable: boolean): Promise<void> {
  const file = await making(watch, 'write', name, () => open(path, 'wx'));
  let isClosed = false;
  try {
    await fill(file, content, watch, name);
    const rest: Watch = { explain: watch.explain };
    if (durable) await making(rest, 'write', name, () => file.sync());
    isClosed = true;
    await making(rest, 'write', name, () => file.close()); // a network disk may find out only now that it is full
  } finally {
    if (!isClosed) await file.close().catch(() => {}); // the first error is the one to tell
  }
}

async function fill(file: FileHandle, content: Content, watch: Watch, name: string): Promise<void> {
  // FileHandle.writeFile of Node 20.9 takes a short write, as at a limit of the file's size, for a whole one.
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
 * Writes a file that replaces the one at `path`: there is the old one or the whole new one, whatever happens. If it cannot
 * be written, what was written of it is removed.
 * @param durable false: nothing is flushed, so that a power loss may take the file. For files that replace none and can be
 *     made again
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
 * Makes a folder at `path`, where nothing or an empty folder may be. It is there with all that `fillFolder` puts into it, or
 * not at all.
 * @param fillFolder gets the folder that will be renamed; flushes the files that it writes
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

/** Removes a half file as far as that is possible: the error that made it useless is the one to tell. */
async function discard(half: string, watch: Watch): Promise<void> {
  await making(watch, 'remove', half, () => rm(half, { recursive: true, force: true })).catch(() => {});
}

/** Some file systems cannot flush a folder, and a folder may be writable without being readable. */
const cannotFlush = new Set<unknown>(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/** Brings a file, or the names in a folder, to the disk. */
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
