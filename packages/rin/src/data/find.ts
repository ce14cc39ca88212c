import { statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { whyNot } from '../disk/systemError.js';
import type { DataOptions } from './progress.js';
import { archiveSource } from './sources/archive.js';
import { notFile } from './sources/bytes.js';
import { cifarFolder, cifarSource, isCifar } from './sources/cifar.js';
import { emojiSource } from './sources/emoji.js';
import { folderSource } from './sources/folder.js';
import { idxFolder, idxSource, isIdx } from './sources/idx.js';
import type { Source } from './sources/source.js';
import { storeSource } from './storeSource.js';

/** Name of the built-in set. It has precedence over a file or a folder of this name. */
export const builtIn = 'emoji';

/** A source that was searched already. `openDataset` accepts it in place of the name, and does not search again. */
export interface FoundSource extends Source {
  /** the name that the user gave: `emoji`, a folder or a file */
  readonly place: string;
}

/**
 * Finds the pictures of a source: a folder of pictures, a tar archive, a file of IDX or CIFAR, or a folder of such
 * files. The output of `convertData` is also a source. `emoji` is the built-in set.
 * @param source a path, or `emoji`
 * @param side   longer side of the samples in pixels, for rendering drawings
 * @throws RinError if the source does not exist, is damaged or has no pictures
 */
export async function findSource(source: string, side: number, watch: DataOptions): Promise<FoundSource> {
  const found = await reading(source, () => search(source, side, watch));
  return { ...found, place: source, list: () => reading(source, () => found.list()) };
}

async function search(source: string, side: number, watch: DataOptions): Promise<Source> {
  if (source === builtIn) return emojiSource(side);
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    const files = await arrayFiles(source, watch);
    return storeSource(source) ?? idxFolder(source, files) ?? cifarFolder(source, files) ?? folderSource(source, watch);
  }
  if (stats?.isFile()) {
    if (isIdx(source)) return idxSource(source);
    return isCifar(source) ? cifarSource(source) : archiveSource(source, watch);
  }
  if (stats) throw new RinError(`${source}: ${notFile} or a folder`);
  throw new RinError(`${source}: no such folder or file; "${builtIn}" is the built-in set`);
}

/** The names in a folder that may belong to IDX or CIFAR. */
async function arrayFiles(folder: string, { signal }: DataOptions): Promise<string[]> {
  const names: string[] = [];
  let seen = 0;
  for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
    if (isIdx(name) || isCifar(name) || name.endsWith('.txt')) names.push(name);
    if (++seen % 1024 !== 0) continue; // a folder may hold millions
    await turn();
    signal?.throwIfAborted();
  }
  return names;
}

/** Turns an error of the system into a `RinError` with a clear message. */
async function reading<T>(source: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = whyNot(error);
    const place = error instanceof Error && 'path' in error ? error.path : source; // may be deep in the source
    throw reason ? new RinError(`cannot read ${place}: ${reason}`) : error;
  }
}

/**
 * Names of the classes that `openDataset` finds in a source. No picture is decoded.
 * @param source as for `openDataset`
 * @returns names by label; empty if there are no classes
 * @throws RinError if the source does not exist or is damaged
 */
export async function classNames(source: string, watch: DataOptions = {}): Promise<readonly string[]> {
  const listing = await (await findSource(source, 1, watch)).list();
  listing.close();
  return listing.classes;
}
