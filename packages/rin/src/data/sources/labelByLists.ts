import { RinError } from '@rin/core';
import { type Given, type Labelled, resolveLabels } from './labels.js';
import type { Entries } from './lists.js';
import { isPicture, type Skipped } from './source.js';

/** A list that gives classes. */
export interface List {
  /** name of the file */
  readonly file: string;
  readonly entries: Entries;
}

/**
 * Classes from lists. Each picture gets its class from the list in the nearest folder above it.
 * @param pictures paths
 * @param lists    by the path of their folder: empty, or with a slash at its end
 * @param where    name of the source in messages
 * @param isItem   whether a path has the name of a picture
 * @returns labels, and the entries of the lists that are no pictures
 * @throws RinError if a picture is in no list, or the lists contradict each other
 */
export function labelByLists(
  pictures: readonly string[],
  lists: ReadonlyMap<string, List>,
  where: string,
  isItem: (name: string) => boolean = isPicture,
): Labelled & { readonly missing: readonly Skipped[] } {
  const [only] = lists.values();
  if (lists.size === 1 && only.entries === null)
    return { classes: [], labels: new Int32Array(pictures.length).fill(-1), missing: [] };
  const readers = new Map(Array.from(lists, ([folder, list]) => [folder, new ListReader(folder, list, isItem)]));
  const place = lists.size === 1 ? `${where}/${[...lists.keys()][0]}${only.file}` : where;
  const absent: string[] = [];
  const givens = pictures.map((name): Given => {
    const said = nearest(name, readers)?.take(name);
    if (!said) absent.push(name);
    return said ?? {};
  });
  if (absent.length > 0) {
    const speaker = lists.size === 1 ? `${place} does` : `${where}: its lists (${only.file}) do`;
    throw new RinError(
      `${speaker} not list ${absent.length} of ${pictures.length} pictures, such as ${absent[0]}; list them or remove them`,
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

/**
 * Finds pictures in a list. Its paths may begin with `./`, and may use other Unicode code points for the same letters.
 */
class ListReader {
  readonly #folder: string;
  readonly #file: string;
  readonly #isItem: (name: string) => boolean;
  /** entries that no picture has used yet, by path */
  readonly #entries: Map<string, Given>;
  /** paths of the list by their normal form */
  readonly #plain = new Map<string, string>();

  constructor(folder: string, { file, entries }: List, isItem: (name: string) => boolean) {
    this.#isItem = isItem;
    this.#folder = folder;
    this.#file = file;
    this.#entries = new Map(entries ?? []);
    for (const path of this.#entries.keys()) this.#plain.set(plain(path), path);
  }

  /** The class of a picture; undefined if the list does not have the picture. */
  take(name: string): Given | undefined {
    const path = name.slice(this.#folder.length);
    const listed = this.#entries.has(path) ? path : this.#plain.get(plain(path));
    const said = listed === undefined ? undefined : this.#entries.get(listed);
    if (listed !== undefined) this.#entries.delete(listed);
    return said;
  }

  /** The entries that no picture used. The reasons are part of the data's fingerprint: do not change their text. */
  rest(): Skipped[] {
    return [...this.#entries.keys()].map((path) => {
      const why = this.#isItem(path) ? 'not there' : 'not called like a picture that is read';
      return { name: this.#folder + path, reason: `listed in ${this.#file}, but ${why}` };
    });
  }
}

/** The normal form of a path: `./a//é.png` becomes `a/é.png`, in Unicode NFC. */
const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
    .normalize();
