import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import { byFolder, type Given, type Labelled, resolveLabels } from './labels.js';
import { type Entries, largestList, listFiles, namesFiles, parseList } from './lists.js';
import { passedOver } from './passedOver.js';
import { findSidecars, labelBySidecars } from './sidecars.js';
import { sorted } from './sorted.js';
import { isPicture, type Skipped } from './source.js';
import { step } from './splits.js';

/** What a folder or an archive holds. */
export interface Files {
  /** how messages call it */
  readonly where: string;
  readonly kind: 'folder' | 'archive';
  /** paths of the files with slashes, in any order, without those that are hidden */
  readonly names: readonly string[];
  /** number of pipes, sockets and devices, which are not read */
  readonly special: number;
  /** contents of a file. @throws {RinError} if it is longer than `most` bytes */
  read(name: string, most: number): Buffer;
}

/** The pictures among some files, and what tells their classes. */
export interface Arranged {
  /** the folder in which all pictures lie: empty, or with a slash at its end */
  readonly base: string;
  /** paths below the base, in natural order */
  readonly pictures: readonly string[];
  /** paths of the files that tell classes */
  readonly tellers: readonly string[];
  /** paths of the files that are not used */
  readonly others: readonly string[];
  /** sentences, a line each, if something is not taken */
  readonly notice?: string;
  /** @throws {RinError} if what tells the classes is damaged, or does not fit the pictures */
  label(): Promise<Labelled & { readonly missing: readonly Skipped[] }>;
}

interface List {
  readonly file: string;
  readonly entries: Entries;
}

/**
 * Finds the pictures among files, and what tells their classes. That is a list (`dataset.json` or `metadata.jsonl`) in the
 * base; else lists (`metadata.jsonl`) in folders below it; else the files beside the pictures (see `findSidecars`); else
 * the top folders.
 *
 * The base is the folder in which all pictures lie: a folder around the class folders is no class. If all top folders
 * are called `train`, `val`, `test` and the like, it is the one for training.
 * @throws {RinError} if a list is damaged, or none of such folders is for training
 */
export async function arrange(files: Files, watch: DataOptions): Promise<Arranged> {
  const all = await sorted(files.names.filter(isPicture), watch);
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
    untaken.push(...inner.untaken.map((folder) => base + folder));
    base += inner.folder;
    pictures = pictures.filter((name) => name.startsWith(inner.folder)).map((name) => name.slice(inner.folder.length));
    if (inner.notice !== undefined) notices.push(inner.notice);
    lists = await listsIn(base, files, there, used, watch);
  }
  if (lists.size === 0) lists = await listsBelow(base, files, used, watch);
  const rest = files.names.filter((name) => !isPicture(name) && !used.has(name));
  const below = rest.filter((name) => name.startsWith(base)).map((name) => name.slice(base.length));
  const sidecars = lists.size === 0 ? findSidecars(pictures, below) : new Map<string, string>();
  for (const file of sidecars.values()) used.add(base + file);
  const others = rest.filter((name) => !used.has(name) && !untaken.some((folder) => name.startsWith(folder)));
  const left = passedOver(others, files.special);
  if (left !== undefined) notices.push(`${files.where}: ${left}`);
  const where = files.where + (base && `/${base.slice(0, -1)}`);
  return {
    base,
    pictures,
    tellers: [...used],
    others,
    ...(notices.length > 0 && { notice: notices.join('\n') }),
    async label() {
      if (lists.size > 0) return labelByLists(pictures, lists, where);
      const read = (name: string, most: number) => files.read(base + name, most);
      const labelled =
        sidecars.size > 0
          ? await labelBySidecars(pictures, sidecars, read, where, watch)
          : resolveLabels(pictures.map(byFolder), where);
      return { ...labelled, missing: [] };
    },
  };
}

/** No pictures: whatever lies there belongs to something else. */
const empty: Omit<Arranged, 'others'> = {
  base: '',
  pictures: [],
  tellers: [],
  label: async () => ({ classes: [], labels: new Int32Array(0), missing: [] }),
};

/** The list in a folder, if it speaks of classes, by the folder's path below itself: empty. */
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

/** The lists in folders below the base that speak of classes, by the path of their folder: empty, or with a slash at its end. */
async function listsBelow(
  base: string,
  files: Files,
  used: Set<string>,
  watch: DataOptions,
): Promise<Map<string, List>> {
  const file = 'metadata.jsonl';
  const lists = new Map<string, List>();
  for (const name of files.names) {
    if (!name.startsWith(base) || !name.endsWith(`/${file}`) || used.has(name)) continue;
    const content = files.read(name, largestList[file]);
    if (!namesFiles(content)) continue;
    used.add(name);
    const entries = await parseList(file, content, `${files.where}/${name}`, watch);
    if (entries) lists.set(name.slice(base.length, -file.length), { file, entries });
  }
  return lists;
}

/** Classes by lists: for each picture that of the nearest folder above it. */
function labelByLists(pictures: readonly string[], lists: ReadonlyMap<string, List>, where: string) {
  const [only] = lists.values();
  if (lists.size === 1 && only.entries === null)
    return { classes: [], labels: new Int32Array(pictures.length).fill(-1), missing: [] };
  const readers = new Map(Array.from(lists, ([folder, list]) => [folder, new ListReader(folder, list)]));
  const place = lists.size === 1 ? `${where}/${[...lists.keys()][0]}${only.file}` : where;
  const absent: string[] = [];
  const givens = pictures.map((name): Given => {
    const said = nearest(name, readers)?.take(name);
    if (!said) absent.push(name);
    return said ?? {};
  });
  if (absent.length > 0) {
    const speaker = lists.size === 1 ? `${place} says` : `${where}: its lists (${only.file}) say`;
    throw new RinError(
      `${speaker} nothing of ${absent.length} of ${pictures.length} pictures (${absent[0]} is one); list them or take them away`,
    );
  }
  const missing = [...readers.values()].flatMap((reader) => reader.rest());
  return { ...resolveLabels(givens, place), missing };
}

function nearest<T>(name: string, byFolderPath: ReadonlyMap<string, T>): T | undefined {
  for (let end = name.lastIndexOf('/') + 1; ; end = name.lastIndexOf('/', end - 2) + 1) {
    const found = byFolderPath.get(name.slice(0, end));
    if (found !== undefined || end === 0) return found;
  }
}

/** Finds pictures in a list, whose paths may begin with `./`, and have other code points for the same letters. */
class ListReader {
  readonly #folder: string;
  readonly #file: string;
  /** what is left of the list, by path */
  readonly #entries: Map<string, Given>;
  /** paths of the list by their plain form */
  readonly #plain = new Map<string, string>();

  constructor(folder: string, { file, entries }: List) {
    this.#folder = folder;
    this.#file = file;
    this.#entries = new Map(entries ?? []);
    for (const path of this.#entries.keys()) this.#plain.set(plain(path), path);
  }

  /** What the list says of a picture. */
  take(name: string): Given | undefined {
    const path = name.slice(this.#folder.length);
    const listed = this.#entries.has(path) ? path : this.#plain.get(plain(path));
    const said = listed === undefined ? undefined : this.#entries.get(listed);
    if (listed !== undefined) this.#entries.delete(listed);
    return said;
  }

  /** What is listed and was not taken. */
  rest(): Skipped[] {
    return [...this.#entries.keys()].map((path) => {
      const why = isPicture(path) ? 'not there' : 'not called like a picture that is read';
      return { name: this.#folder + path, reason: `listed in ${this.#file}, but ${why}` };
    });
  }
}

/** `./a//é.png`, however the é is written, as `a/é.png`. */
const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
    .normalize();
