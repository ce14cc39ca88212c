import { createHash } from 'node:crypto';
import { type BigIntStats, type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { type DataOptions, stepper } from '../progress.js';
import { fileStamp } from './bytes.js';
import { isIdx } from './idx.js';
import { labelPictures, listFiles } from './labels.js';
import { isHidden, isPicture, naturalOrder, type Source } from './source.js';

/**
 * A folder of pictures, searched with all its subfolders; links are followed. Hidden files are passed over. The class
 * of a picture is told by `dataset.json` or `metadata.jsonl` in the folder, or else by its top subfolder.
 * @throws {RinError} where there are no pictures, or a list does not fit them
 */
export async function folderSource(folder: string, watch: DataOptions): Promise<Source> {
  const found = await search(folder, watch);
  if (found.pictures.length === 0) throw new RinError(nothingFound(folder, found.others));
  found.pictures.sort(naturalOrder);
  return {
    name: basename(resolve(folder)),
    stamp: await stamp(folder, [...found.lists, ...found.pictures], watch),
    async list() {
      const lists = new Map(found.lists.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
      const { classes, labels, missing } = labelPictures(found.pictures, lists, folder);
      const pictures = found.pictures.map((name, index) => ({
        name,
        label: labels[index],
        read: () => readFileSync(join(folder, name)),
      }));
      return { pictures, classes, missing, close() {} };
    },
  };
}

interface Found {
  pictures: string[];
  lists: string[];
  others: string[];
}

/** Paths within the folder, with slashes. A link that leads back into a folder above it is not followed. */
async function search(root: string, { signal }: DataOptions): Promise<Found> {
  const found: Found = { pictures: [], lists: [], others: [] };
  const visit = async (path: string, above: ReadonlySet<string>): Promise<void> => {
    const place = join(root, path);
    const self = identity(statOf(place));
    if (above.has(self)) return;
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const name = path ? `${path}/${entry.name}` : entry.name;
      if (isHidden(entry.name)) continue;
      const kind = kindOf(entry, join(root, name));
      if (kind === 'folder') await visit(name, new Set(above).add(self));
      else if (!path && listFiles.includes(entry.name)) found.lists.push(name);
      else if (isPicture(entry.name)) found.pictures.push(name);
      else found.others.push(name);
    }
    await turn();
    signal?.throwIfAborted();
  };
  await visit('', new Set());
  return found;
}

function statOf(place: string): BigIntStats {
  const stats = statSync(place, { bigint: true, throwIfNoEntry: false });
  if (stats) return stats;
  throw new RinError(`${place}: this folder cannot be opened: it is gone, or its name is not in UTF-8; rename it`);
}

const identity = (stats: BigIntStats) => `${stats.dev}:${stats.ino}`;

/** A link that leads nowhere counts as a file: if it is called like a picture, it is listed as one that cannot be read. */
function kindOf(entry: Dirent, path: string): 'folder' | 'file' {
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'file';
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'file';
  }
}

/** Digest of the files' names and stamps. */
async function stamp(folder: string, names: readonly string[], watch: DataOptions): Promise<string> {
  const hash = createHash('sha256');
  const step = stepper('searching', names.length, watch);
  for (const name of names) {
    hash.update(`${name}\0${fileStamp(join(folder, name))}\0`);
    if (step(0)) await turn();
  }
  return hash.digest('hex');
}

function nothingFound(folder: string, others: readonly string[]): string {
  const file = others.find((name) => name.endsWith('.tar') || isIdx(name));
  const data = file && isIdx(file) && file.includes('/') ? dirname(file) : file; // of the files in it the right one is taken
  if (data) return `${folder}: no pictures here, but ${data}: name that itself as the data`;
  const instead = others.length ? `${others.length} other files, such as ${others[0]}` : 'nothing else either';
  return `${folder}: no pictures here (jpg, png, webp, gif, avif, tiff); ${instead}`;
}
