import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { RinError } from '@rin/core';
import { makeFolder } from '../disk/makeFolder.js';
import { whyNot } from '../disk/systemError.js';

/** Where decoded pictures are kept: `$XDG_CACHE_HOME/rin/data`, else `~/.cache/rin/data`. Safe to delete. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'rin', 'data');
}

const known = (root: string, stamp: string) => join(root, 'known', createHash('sha256').update(stamp).digest('hex'));

/** The digest that the contents of a source with this stamp had, if they were read before. */
export function recall(root: string, stamp: string): string | undefined {
  try {
    const digest = readFileSync(known(root, stamp), 'utf8');
    return /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
  } catch {
    return undefined; // never seen, or not readable: the contents are read again
  }
}

/** Notes the digest of the contents of a source, so that they need not be read again while the stamp is the same. */
export async function remember(root: string, stamp: string, digest: string): Promise<void> {
  try {
    await makeFolder(join(root, 'known'));
    await writeFile(known(root, stamp), digest);
  } catch (error) {
    throw cannotWrite(error, root);
  }
}

/** Removes what killed processes left half written: nothing was added to it for an hour. */
export function removeAbandoned(root: string): void {
  const hourAgo = Date.now() - 3_600_000;
  try {
    for (const name of readdirSync(root)) {
      if (!name.endsWith('.part')) continue;
      const written = statSync(join(root, name, 'pixels.bin'), { throwIfNoEntry: false }) ?? statSync(join(root, name));
      if (written.mtimeMs < hourAgo) rmSync(join(root, name), { recursive: true, force: true });
    }
  } catch {
    // there is no cache yet, or another process was quicker
  }
}

/** A sentence where the cache cannot be written; other errors as they are. */
export function cannotWrite(error: unknown, folder: string): unknown {
  const reason = whyNot(error);
  if (!reason) return error;
  return new RinError(
    `cannot write the cache of decoded pictures in ${folder}: ${reason}; set XDG_CACHE_HOME to a folder with room`,
  );
}
