import { createHash } from 'node:crypto';
import { type BigIntStats, type Dirent, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { countOf, RinError } from '@rin/core';
import { type DataOptions, stepper } from '../progress.js';
import { arrange } from './arrange.js';
import { fileStamp, readFile, readNamed } from './bytes.js';
import { isVideo } from './gather.js';
import { isIdx } from './idx.js';
import { isSound } from './sounds.js';
import { isHidden, largestPicture, mostFiles, pictureFormats, type Source, understanding } from './source.js';

/**
 * A folder of pictures with all its subfolders. Links are followed, hidden files are ignored. See `arrange` for the
 * classes.
 * @param files what `findFiles` found, if it was called before
 * @throws RinError if there are no pictures, or a list is damaged
 */
export async function folderSource(folder: string, watch: DataOptions, files?: FoundFiles): Promise<Source> {
  const { names, special } = files ?? (await findFiles(folder, watch));
  const read = (name: string, most: number) => readNamed(join(folder, name), most);
  const arranged = await arrange({ where: folder, kind: 'folder', names, special, read }, watch);
  const { base, notice } = arranged;
  if (arranged.pictures.length === 0) throw new RinError(nothingFound(folder, arranged.others));
  const used = [...arranged.tellers, ...arranged.pictures.map((name) => base + name)];
  return {
    name: basename(resolve(folder)),
    stamp: await stampOf(folder, used, watch),
    ...(notice !== undefined && { notice }),
    async list() {
      const { classes, labels, missing } = await arranged.label();
      const pictures = arranged.pictures.map((name, index) => ({
        name,
        label: labels[index],
        read: () => readFile(join(folder, base + name), largestPicture),
      }));
      return { pictures, classes, missing, close() {} };
    },
  };
}

/** The files of a folder. */
export interface FoundFiles {
  /** paths within the folder, with slashes */
  readonly names: string[];
  /** number of pipes, sockets and devices */
  special: number;
}

/** A folder to search, and the folders above it. */
interface Place {
  readonly path: string;
  readonly above?: Place & { readonly self: string };
}

/** Finds all files. A link to a folder above itself is not followed. */
export async function findFiles(root: string, { signal }: DataOptions): Promise<FoundFiles> {
  const found: FoundFiles = { names: [], special: 0 };
  const places: Place[] = [{ path: '' }];
  for (let place = places.pop(); place; place = places.pop()) {
    const { path, above } = place;
    const self = identity(statOf(join(root, path)));
    if (isAbove(self, above)) continue;
    let seen = 0;
    for await (const entry of await opendir(join(root, path), { bufferSize: 256 })) {
      if (++seen % 1024 === 0) await pause(signal); // a folder may hold millions
      if (isHidden(entry.name)) continue;
      const name = path ? `${path}/${entry.name}` : entry.name;
      const kind = kindOf(entry, join(root, name));
      if (kind === 'folder') places.push({ path: name, above: { path, above, self } });
      else if (kind === 'special') found.special++;
      else found.names.push(name);
      if (found.names.length + places.length > mostFiles)
        throw new RinError(`${root}: more than ${mostFiles} files; expected at most ${mostFiles}`);
    }
    await pause(signal);
  }
  return found;
}

async function pause(signal?: AbortSignal): Promise<void> {
  await turn();
  signal?.throwIfAborted();
}

function isAbove(self: string, above: Place['above']): boolean {
  for (let place = above; place; place = place.above) if (place.self === self) return true;
  return false;
}

function statOf(place: string): BigIntStats {
  const stats = statSync(place, { bigint: true, throwIfNoEntry: false });
  if (stats) return stats;
  throw new RinError(`${place}: this folder cannot be opened: it is gone, or its name is not in UTF-8; rename it`);
}

const identity = (stats: BigIntStats) => `${stats.dev}:${stats.ino}`;

/** A broken link counts as a file. If it has the suffix of a picture, it is reported as an unreadable picture. */
function kindOf(entry: Dirent, path: string): 'folder' | 'file' | 'special' {
  try {
    const kind = entry.isSymbolicLink() ? statSync(path) : entry;
    if (kind.isDirectory()) return 'folder';
    return kind.isFile() ? 'file' : 'special';
  } catch {
    return 'file';
  }
}

/** Digest of the files' names and stamps. */
export async function stampOf(folder: string, names: readonly string[], watch: DataOptions): Promise<string> {
  const hash = createHash('sha256').update(`${understanding}\0`);
  const step = stepper('searching', names.length, watch);
  for (const name of names) {
    hash.update(`${name}\0${fileStamp(join(folder, name))}\0`);
    if (step(0)) await turn();
  }
  return hash.digest('hex');
}

function nothingFound(folder: string, others: readonly string[]): string {
  const sets = others.filter((name) => name.endsWith('.tar') || isIdx(name)).sort();
  const file = sets.find((name) => /train/i.test(name)) ?? sets[0];
  const data = file && isIdx(file) && file.includes('/') ? dirname(file) : file; // rin finds the right file in this folder
  if (data) return `${folder}: no pictures here, but it has ${data}; use that as the data`;
  const videos = others.filter(isVideo).length;
  if (videos > 0)
    return `${folder}: no pictures here, but ${countOf(videos, 'video')}; clips have three axes, such as --size 16,32,32`;
  const sounds = others.filter(isSound).length;
  if (sounds > 0)
    return `${folder}: no pictures here, but ${countOf(sounds, 'sound')}; sounds have one axis, such as --size [4096]`;
  const [first] = [...others].sort();
  const instead = first === undefined ? 'no other files either' : `other files: ${others.length}, such as ${first}`;
  return `${folder}: no pictures here (${pictureFormats}); ${instead}`;
}
