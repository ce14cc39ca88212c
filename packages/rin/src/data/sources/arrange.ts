import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import { type List, labelByLists } from './labelByLists.js';
import { byFolder, type Labelled, resolveLabels } from './labels.js';
import { largestList, listFiles, namesFiles, parseList } from './lists.js';
import { passedOver } from './passedOver.js';
import { findSidecars, labelBySidecars } from './sidecars.js';
import { sorted } from './sorted.js';
import { isPicture, mostFiles, type Skipped } from './source.js';
import { step } from './splits.js';

/** The files of a folder or an archive. */
export interface Files {
  /** name in messages */
  readonly where: string;
  readonly kind: 'folder' | 'archive';
  /** paths of the files with slashes, in any order, without hidden files */
  readonly names: readonly string[];
  /** number of pipes, sockets and devices, which are not read */
  readonly special: number;
  /** contents of a file. @throws RinError if it is longer than `most` bytes */
  read(name: string, most: number): Buffer;
}

/** The pictures among files, and the source of their classes. */
export interface Arranged {
  /** the folder that contains all pictures: empty, or with a slash at its end */
  readonly base: string;
  /** paths below the base, in natural order */
  readonly pictures: readonly string[];
  /** paths of the files that give classes */
  readonly tellers: readonly string[];
  /** paths of the files that are not used */
  readonly others: readonly string[];
  /** sentences, one on each line, if something is not used */
  readonly notice?: string;
  /**
   * The classes. The files that give them are read at the first call.
   * @throws RinError if these files are damaged, or do not fit the pictures
   */
  label(): Promise<Labels>;
}

/** The classes of pictures, and the entries of lists that are no pictures. */
type Labels = Labelled & { readonly missing: readonly Skipped[] };

/**
 * Finds the pictures among files, and the source of their classes. The first of these that exists gives the classes:
 *
 * 1. A list (`dataset.json` or `metadata.jsonl`) in the base.
 * 2. Lists (`metadata.jsonl`) in folders below the base.
 * 3. Files next to the pictures (see `findSidecars`).
 * 4. The top folders.
 *
 * The base is the folder that contains all pictures, so a folder around the class folders is not a class. If all top
 * folders have names such as `train`, `val` and `test`, the base is the training folder.
 * @param isItem whether a path is a picture, or whatever else becomes samples
 * @throws RinError if a list is damaged, or none of these folders is for training
 */
export async function arrange(
  files: Files,
  watch: DataOptions,
  isItem: (name: string) => boolean = isPicture,
): Promise<Arranged> {
  const all = await sorted(files.names.filter(isItem), watch);
  if (all.length === 0) return { ...empty, others: files.names };
  let base = '';
  const notices: string[] = [];
  const used = new Set<string>();
  const untaken: string[] = [];
  let pictures = all;
  const there = new Set(files.names);
  let lists = await listsIn(base, files, there, used, watch);
  while (lists.size === 0) {
    const inner = step(pictures, base, files);
    if (!inner) break;
    await pause(watch);
    untaken.push(...inner.untaken.map((folder) => base + folder));
    base += inner.folder;
    pictures = pictures.filter((name) => name.startsWith(inner.folder)).map((name) => name.slice(inner.folder.length));
    if (inner.notice !== undefined) notices.push(inner.notice);
    lists = await listsIn(base, files, there, used, watch);
  }
  if (lists.size === 0) lists = await listsBelow(base, files, used, watch);
  const rest = files.names.filter((name) => !isItem(name) && !used.has(name));
  const below = rest.filter((name) => name.startsWith(base)).map((name) => name.slice(base.length));
  const sidecars = lists.size === 0 ? findSidecars(pictures, below) : new Map<string, string>();
  for (const file of sidecars.values()) used.add(base + file);
  const others = rest.filter((name) => !used.has(name) && !untaken.some((folder) => name.startsWith(folder)));
  const left = passedOver(others, files.special);
  if (left !== undefined) notices.push(`${files.where}: ${left}`);
  const where = files.where + (base && `/${base.slice(0, -1)}`);
  const label = async (): Promise<Labels> => {
    if (lists.size > 0) return labelByLists(pictures, lists, where, isItem);
    const read = (name: string, most: number) => files.read(base + name, most);
    const labelled =
      sidecars.size > 0
        ? await labelBySidecars(pictures, sidecars, read, where, watch)
        : resolveLabels(pictures.map(byFolder), where);
    return { ...labelled, missing: [] };
  };
  let labels: Labels | undefined; // a start asks twice: for the number of classes, and for the pictures
  return {
    base,
    pictures,
    tellers: [...used],
    others,
    ...(notices.length > 0 && { notice: notices.join('\n') }),
    async label() {
      labels ??= await label();
      return labels;
    },
  };
}

/** The result if there are no pictures: all files belong to something else. */
const empty: Omit<Arranged, 'others'> = {
  base: '',
  pictures: [],
  tellers: [],
  label: async () => ({ classes: [], labels: new Int32Array(0), missing: [] }),
};

/** The list in the base, if it gives classes, as a map whose only key is the empty path. */
async function listsIn(
  base: string,
  files: Files,
  there: ReadonlySet<string>,
  used: Set<string>,
  watch: DataOptions,
): Promise<Map<string, List>> {
  const file = listFiles.find((name) => there.has(base + name));
  if (file === undefined) return new Map();
  const name = base + file;
  used.add(name);
  const entries = await parseList(file, files.read(name, largestList[file]), `${files.where}/${name}`, watch);
  return entries === undefined ? new Map() : new Map([['', { file, entries }]]);
}

/** The lists below the base that give classes, by the path of their folder, with a slash at its end. */
async function listsBelow(
  base: string,
  files: Files,
  used: Set<string>,
  watch: DataOptions,
): Promise<Map<string, List>> {
  const file = 'metadata.jsonl';
  const lists = new Map<string, List>();
  let total = 0;
  for (const name of files.names) {
    if (!name.startsWith(base) || !name.endsWith(`/${file}`) || used.has(name)) continue;
    const content = files.read(name, largestList[file]);
    await pause(watch);
    if (!namesFiles(content)) continue;
    used.add(name);
    const entries = await parseList(file, content, `${files.where}/${name}`, watch);
    if (entries) lists.set(name.slice(base.length, -file.length), { file, entries });
    total += entries?.size ?? 0;
    if (total > mostFiles)
      throw new RinError(`${files.where}: more than ${mostFiles} entries in its lists; expected at most ${mostFiles}`);
  }
  return lists;
}

async function pause({ signal }: DataOptions): Promise<void> {
  await turn();
  signal?.throwIfAborted();
}
