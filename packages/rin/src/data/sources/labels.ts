import { RinError } from '@rin/core';
import { oneLine } from '../../disk/systemError.js';
import { naturalOrder, type Skipped } from './source.js';

/** What a source says of the class of one picture: a number, a name, both, or nothing. */
export interface Given {
  readonly number?: number;
  readonly name?: string;
}

/** Labels are indices into a list of names; a larger one is a mistake, and would fill the memory. */
const largestLabel = 99_999;

/**
 * Reads a class as programs write it: an integer from 0, a name, or null (or -1) for none.
 * @param where file and entry, for the message
 */
export function given(value: unknown, where: string): Given {
  if (value === null || value === undefined || value === -1) return {};
  if (typeof value === 'string') return { name: value.normalize() };
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestLabel)
    return { number: value };
  throw new RinError(
    `${where}: label ${JSON.stringify(value)}: expected an integer from 0 to ${largestLabel}, a name, or null`,
  );
}

/**
 * Turns what was said of each picture into labels and class names. Where numbers are given, they are the labels, and a
 * class without a name is called by its number; names alone are numbered in natural order.
 * @returns labels [number of pictures], -1 = none; `classes` is empty where no picture has a class
 */
export function resolveLabels(givens: readonly Given[], where: string): { classes: string[]; labels: Int32Array } {
  const numbered = givens.some(({ number }) => number !== undefined);
  const names: string[] = [];
  if (numbered) {
    let count = 0;
    for (const { number, name } of givens) {
      if (number === undefined) {
        if (name === undefined) continue;
        throw new RinError(`${where}: class "${name}" has no number, but others have; give all pictures a number`);
      }
      count = Math.max(count, number + 1);
      if (name === undefined) continue;
      names[number] ??= name;
      if (names[number] !== name) {
        throw new RinError(
          `${where}: label ${number} is called "${names[number]}" and "${name}"; one name is expected`,
        );
      }
    }
    for (let label = 0; label < count; label++) names[label] ??= String(label);
  } else {
    names.push(...new Set(givens.flatMap(({ name }) => (name === undefined ? [] : [name]))));
    names.sort(naturalOrder);
  }
  const indexOf = new Map(names.map((name, label) => [name, label]));
  if (indexOf.size < names.length) {
    const twice = names.find((name, label) => indexOf.get(name) !== label);
    throw new RinError(`${where}: two labels have the name "${twice}"; each class needs its own`);
  }
  const labels = Int32Array.from(
    givens,
    ({ number, name }) => number ?? (name === undefined ? -1 : (indexOf.get(name) ?? -1)),
  );
  return { classes: names, labels };
}

/** The two files in which a source can list its pictures with their classes, in the order of precedence. */
export const listFiles = ['dataset.json', 'metadata.jsonl'];

/**
 * Reads `dataset.json` (`{"labels": [["path", 3], …]}`; `"labels": null` = no classes).
 * @returns what is said of each path, or null for "no classes"
 */
function parseDatasetJson(text: string, where: string): Map<string, Given> | null {
  const content = parseJson(text, where);
  const labels = content !== null && typeof content === 'object' && 'labels' in content ? content.labels : undefined;
  if (labels === null) return null;
  if (!Array.isArray(labels))
    throw new RinError(`${where}: expected {"labels": [["path", number], …]} or {"labels": null}`);
  return new Map(
    labels.map((entry: unknown, index): [string, Given] => {
      if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') {
        throw new RinError(`${where}: labels[${index}]: expected ["path", number], found ${brief(entry)}`);
      }
      return [entry[0], given(entry[1], `${where}: ${entry[0]}`)];
    }),
  );
}

/**
 * Reads `metadata.jsonl`: one object a line with `file_name` and `label` (number or name) or `class` (name) or both.
 * @returns what is said of each file, or undefined where no line speaks of classes
 */
function parseMetadata(text: string, where: string): Map<string, Given> | undefined {
  const result = new Map<string, Given>();
  let speaks = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.trim()) continue;
    const row = `${where}: line ${index + 1}`;
    const entry = parseJson(line, row);
    if (entry === null || typeof entry !== 'object' || !('file_name' in entry) || typeof entry.file_name !== 'string') {
      throw new RinError(`${row}: expected an object with file_name, found ${brief(entry)}`);
    }
    speaks ||= 'label' in entry || 'class' in entry;
    result.set(entry.file_name, classOf(entry, row));
  }
  return speaks ? result : undefined;
}

/** The class in an object with `label`, `class` or both. */
export function classOf(entry: object, where: string): Given {
  const label = given('label' in entry ? entry.label : undefined, where);
  const named = given('class' in entry ? entry.class : undefined, where);
  return { ...named, ...label };
}

/** The class of a picture by its top folder; none for pictures that lie beside the folders. */
export function byFolder(name: string): Given {
  const slash = name.indexOf('/');
  return slash < 0 ? {} : { name: name.slice(0, slash).normalize() };
}

/**
 * Gives every picture its class: by the source's own list where there is one, else by top folder.
 * @param names paths of the pictures
 * @param lists text of the list files that the source holds, by name
 * @throws {RinError} where a list leaves pictures out
 */
export function labelPictures(names: readonly string[], lists: ReadonlyMap<string, string>, where: string) {
  const file = listFiles.find((name) => lists.has(name));
  const text = file === undefined ? undefined : lists.get(file);
  const byFolders = () => ({ ...resolveLabels(names.map(byFolder), where), missing: [] });
  if (file === undefined || text === undefined) return byFolders();
  const place = `${where}/${file}`;
  const list = file === 'dataset.json' ? parseDatasetJson(text, place) : parseMetadata(text, place);
  if (list === undefined) return byFolders();
  if (list === null) return { classes: [], labels: new Int32Array(names.length).fill(-1), missing: [] };
  const absent = names.filter((name) => !list.has(name));
  if (absent.length) {
    throw new RinError(
      `${place} says nothing of ${absent.length} of ${names.length} pictures (${absent[0]} is one); list them or take them away`,
    );
  }
  const there = new Set(names);
  const missing = [...list.keys()]
    .filter((name) => !there.has(name))
    .map((name): Skipped => ({ name, reason: `listed in ${file}, but not there` }));
  return {
    ...resolveLabels(
      names.map((name) => list.get(name) ?? {}),
      place,
    ),
    missing,
  };
}

export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RinError(`${where}: not JSON (${oneLine(error)})`);
  }
}

const brief = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 80);
