import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import { makeFolder } from '../disk/makeFolder.js';
import { WriteError } from '../disk/systemError.js';
import { change, removeAbandoned, writeWhole } from '../disk/wholeFiles.js';

/**
 * The folder of decoded pictures: `$RIN_DATA_CACHE`, else `$XDG_CACHE_HOME/rin/data`, else `~/.cache/rin/data`. It is safe
 * to delete. The first variable moves nothing else; the second one also moves libtorch.
 */
export function cacheFolder(): string {
  const own = process.env.RIN_DATA_CACHE;
  return own ? resolve(own) : join(cacheHome(), 'data');
}

/** The folder of all that rin keeps: `$XDG_CACHE_HOME/rin`, else `~/.cache/rin`. */
export function cacheHome(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'rin');
}

const known = (root: string, stamp: string) => join(root, 'known', sha256(stamp));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** The digest that the contents of a source with this stamp had, if they were read before. */
export function recall(root: string, stamp: string): string | undefined {
  try {
    const digest = readFileSync(known(root, stamp), 'utf8');
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined; // never seen, or not readable: the contents are read again
  }
}

/**
 * Notes the digest of the contents of a source, so that they need not be read again while the stamp is the same. A cache
 * that cannot be written is no error: they are read again the next time.
 */
export async function remember(root: string, stamp: string, digest: string): Promise<void> {
  try {
    await change('make', join(root, 'known'), () => makeFolder(join(root, 'known')));
    await writeWhole(known(root, stamp), digest);
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
  }
}

/** Takes back what `remember` noted, as far as the cache can be written. */
export function forget(root: string, stamp: string): void {
  try {
    rmSync(known(root, stamp), { force: true });
  } catch {
    // the next command tells that the cache cannot be written
  }
}

/** Removes what killed processes left half written. */
export async function sweepCache(root: string): Promise<void> {
  await removeAbandoned(root, isDigest);
  await removeAbandoned(join(root, 'known'), isDigest);
}

/** A sentence with the mend if the cache could not be written; other errors as they are. */
export function cannotWrite(error: unknown, folder: string): unknown {
  if (!(error instanceof WriteError)) return error;
  return new RinError(
    `cannot write the cache of decoded pictures in ${folder}: ${error.reason}; set RIN_DATA_CACHE to a folder that can be written and has room`,
  );
}
