import { statSync } from 'node:fs';
import { RinError } from '@rin/core';
import { whyNot } from '../disk/systemError.js';
import type { DataOptions } from './progress.js';
import { archiveSource } from './sources/archive.js';
import { cifarFolder, cifarSource, isCifar } from './sources/cifar.js';
import { emojiSource } from './sources/emoji.js';
import { folderSource } from './sources/folder.js';
import { idxFolder, idxSource, isIdx } from './sources/idx.js';
import type { Source } from './sources/source.js';
import { storeSource } from './storeSource.js';

/** Stands for the built-in set, whatever file or folder is called so. */
export const builtIn = 'emoji';

/** A source that was searched once: `openDataset` takes it in place of its name, and looks at no file again. */
export interface FoundSource extends Source {
  /** as the user named it: `emoji`, a folder or a file */
  readonly place: string;
}

/**
 * The pictures that a name stands for: `emoji` for the built-in set, a folder of pictures, a tar archive, files of IDX or
 * CIFAR or their folder, or what `convert` wrote.
 * @param side longer side at which they are wanted, where they are drawings
 * @throws {RinError} where there is no such source, or it is none
 */
export async function findSource(source: string, side: number, watch: DataOptions): Promise<FoundSource> {
  const found = await reading(source, () => search(source, side, watch));
  return { ...found, place: source, list: () => reading(source, () => found.list()) };
}

async function search(source: string, side: number, watch: DataOptions): Promise<Source> {
  if (source === builtIn) return emojiSource(side);
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory())
    return storeSource(source) ?? idxFolder(source) ?? cifarFolder(source) ?? folderSource(source, watch);
  if (stats?.isFile()) {
    if (isIdx(source)) return idxSource(source);
    return isCifar(source) ? cifarSource(source) : archiveSource(source);
  }
  throw new RinError(`${source}: no such folder or file; "${builtIn}" is the built-in set`);
}

/** Turns what the system says into a sentence. */
async function reading<T>(source: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = whyNot(error);
    const place = error instanceof Error && 'path' in error ? error.path : source; // may lie deep in the source
    throw reason ? new RinError(`cannot read ${place}: ${reason}`) : error;
  }
}

/**
 * Names of the classes that `openDataset` finds in a source, without decoding a picture.
 * @throws {RinError} where there is no such source, or it is damaged
 */
export async function classNames(source: string, watch: DataOptions = {}): Promise<readonly string[]> {
  const listing = await (await findSource(source, 1, watch)).list();
  listing.close();
  return listing.classes;
}
