import { RinError } from '@rin/core';
import { type Given, type Labelled, resolveLabels } from './labels.js';
import type { Entries } from './lists.js';
import { isPicture, type Skipped } from './source.js';

/** A list that speaks of classes. */
export interface List {
  /** its name */
  readonly file: string;
  readonly entries: Entries;
}

/**
 * Classes by lists: for each picture by that of the nearest folder above it.
 * @param pictures paths
 * @param lists    by the path of their folder: empty, or with a slash at its end
 * @param where    how messages call the place of all
 * @throws {RinError} if the lists leave pictures out, or do not agree
 */
export function labelByLists(
  pictures: readonly string[],
  lists: ReadonlyMap<string, List>,
  where: string,
): Labelled & { readonly missing: readonly Skipped[] } {
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
