import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import { byFolder, classOf, type Given, given, type Labelled, parseJson, plainText, resolveLabels } from './labels.js';

/** Limit in bytes for a file next to a picture. */
const largestSidecar = 2 ** 24;

/**
 * Finds the files that give classes as in WebDataset: `KEY.cls` or `KEY.json` next to `KEY.jpg`. The key is the path up
 * to the first dot of the name, as in WebDataset. If no file has that key, it is the path up to the last dot.
 * @param pictures paths
 * @param names    paths of all other files
 * @returns such a file by picture; pictures without a file are absent
 */
export function findSidecars(pictures: readonly string[], names: readonly string[]): Map<string, string> {
  const candidates = new Map<string, string>();
  for (const name of names) if (/\.(cls|json)$/.test(name)) candidates.set(name.normalize(), name);
  const found = new Map<string, string>();
  if (candidates.size === 0) return found;
  for (const picture of pictures) {
    const path = picture.normalize();
    const start = path.lastIndexOf('/') + 1;
    const ends = [path.indexOf('.', start), path.lastIndexOf('.')];
    const keys = ends.map((end) => path.slice(0, end < start ? path.length : end)); // a folder of frames may have no dot
    const file = keys.flatMap((key) => candidates.get(`${key}.cls`) ?? candidates.get(`${key}.json`) ?? []).at(0);
    if (file !== undefined) found.set(picture, file);
  }
  return found;
}

/**
 * Classes from the files next to the pictures. If none of the files gives a class, the top folders are the classes.
 * @param pictures paths
 * @param sidecars file by picture, as `findSidecars` returns it
 * @param read     returns the contents of a file of at most `most` bytes
 * @param where    name of the source in messages
 * @throws RinError if a file is damaged
 */
export async function labelBySidecars(
  pictures: readonly string[],
  sidecars: ReadonlyMap<string, string>,
  read: (name: string, most: number) => Buffer,
  where: string,
  { signal }: DataOptions,
): Promise<Labelled> {
  const givens: Given[] = [];
  for (const picture of pictures) {
    const file = sidecars.get(picture);
    givens.push(file === undefined ? {} : said(file, plainText(read(file, largestSidecar)), `${where}: ${file}`));
    if (givens.length % 1024 !== 0) continue;
    await turn();
    signal?.throwIfAborted();
  }
  const saysNothing = givens.every(({ number, name }) => number === undefined && name === undefined);
  return resolveLabels(saysNothing ? pictures.map(byFolder) : givens, where);
}

function said(file: string, text: string, place: string): Given {
  if (file.endsWith('.cls')) {
    const word = text.trim();
    return given(/^-?\d+$/.test(word) ? Number(word) : word, place);
  }
  const content = parseJson(text, place);
  if (content === null || typeof content !== 'object') throw new RinError(`${place}: expected an object`);
  return 'cls' in content ? given(content.cls, place) : classOf(content, place);
}
