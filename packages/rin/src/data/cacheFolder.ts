import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import { makeFolder } from '../disk/makeFolder.js';
import { WriteError } from '../disk/systemError.js';
import { change, removeAbandoned, writeWhole } from '../disk/wholeFiles.js';

/**
 * The folder of decoded pictures: `$RIN_DATA_CACHE`, else `$XDG_CACHE_HOME/rin/data`, else `~/.cache/rin/data`. It is
 * safe to delete. `$RIN_DATA_CACHE` moves only this folder; `$XDG_CACHE_HOME` also moves libtorch.
 */
export function cacheFolder(): string {
  const own = process.env.RIN_DATA_CACHE;
  return own ? resolve(own) : join(cacheHome(), 'data');
}

/** The folder of all caches of rin: `$XDG_CACHE_HOME/rin`, else `~/.cache/rin`. */
export function cacheHome(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'rin');
}

const known = (root: string, stamp: string) => join(root, 'known', sha256(stamp));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** The content digest of a source with this stamp; undefined if it was not read before. */
export function recall(root: string, stamp: string): string | undefined {
  try {
    const digest = readFileSync(known(root, stamp), 'utf8');
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined; // never seen, or unreadable: the contents are read again
  }
}

/**
 * Saves the content digest of a source, so that its contents are not read again while the stamp is the same. If the
 * cache cannot be written, this is not an error: the contents are read again the next time.
 */
export async function remember(root: string, stamp: string, digest: string): Promise<void> {
  try {
    await change('make', join(root, 'known'), () => makeFolder(join(root, 'known')));
    await writeWhole(known(root, stamp), digest);
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
  }
}

/** Removes the digest that `remember` saved, if the cache can be written. */
export function forget(root: string, stamp: string): void {
  try {
    rmSync(known(root, stamp), { force: true });
  } catch {
    // the next command reports that the cache cannot be written
  }
}

/** Removes half files of killed processes. */
export async function sweepCache(root: string): Promise<void> {
  await removeAbandoned(root, isDigest);
  await removeAbandoned(join(root, 'known'), isDigest);
}

/** Turns a `WriteError` into an error that says how to move the cache. Other errors pass through. */
export function cannotWrite(error: unknown, folder: string): unknown {
  if (!(error instanceof WriteError)) return error;
  return new RinError(
    `cannot write the cache of decoded data in ${folder}: ${error.reason}; set RIN_DATA_CACHE to a writable folder with enough space`,
  );
}
