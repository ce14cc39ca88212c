import { RinError } from '@rin/core';
import { oneLine } from '../../disk/systemError.js';
import { naturalOrder } from './source.js';

/** The class of one picture in its source: a number, a name, both, or neither. */
export interface Given {
  readonly number?: number;
  readonly name?: string;
}

/** Labels are indices into a list of names. A larger label is a mistake, and its list would fill the memory. */
const largestLabel = 99_999;

/**
 * Reads a class: an integer from 0, a name, or null or -1 for no class.
 * @param where file and entry, for the message
 * @throws RinError if the value is none of these
 */
export function given(value: unknown, where: string): Given {
  if (value === null || value === undefined || value === -1) return {};
  if (typeof value === 'string') return { name: value.normalize() };
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestLabel)
    return { number: value };
  throw new RinError(`${where}: label ${brief(value)}: expected an integer from 0 to ${largestLabel}, a name, or null`);
}

/** Classes of pictures. */
export interface Labelled {
  /** names by label; empty if no picture has a class */
  readonly classes: string[];
  /** [number of pictures], -1 = none */
  readonly labels: Int32Array;
}

/**
 * Turns the class of each picture into labels and class names. If there are numbers, they are the labels, and a class
 * without a name has its number as its name. If there are only names, they are numbered in natural order.
 * @param where name of the source in messages
 * @returns labels [number of pictures], -1 = none; `classes` is empty if no picture has a class
 * @throws RinError if a class has no number but others have one, a label has two names, or two labels have the same
 *     name
 */
export function resolveLabels(givens: readonly Given[], where: string): Labelled {
  const numbered = givens.some(({ number }) => number !== undefined);
  const names: string[] = [];
  if (numbered) {
    let count = 0;
    for (const { number, name } of givens) {
      if (number === undefined) {
        if (name === undefined) continue;
        throw new RinError(
          `${where}: class "${name}" has no number, but other classes have one; give every class a number`,
        );
      }
      count = Math.max(count, number + 1);
      if (name === undefined) continue;
      names[number] ??= name;
      if (names[number] !== name) {
        throw new RinError(
          `${where}: label ${number} has the names "${names[number]}" and "${name}"; expected one name`,
        );
      }
    }
    for (let label = 0; label < count; label++) names[label] ??= String(label);
  } else {
    const distinct = new Set<string>();
    for (const { name } of givens) if (name !== undefined) distinct.add(name);
    if (distinct.size > largestLabel + 1)
      throw new RinError(`${where}: ${distinct.size} classes; expected at most ${largestLabel + 1}`);
    names.push(...distinct);
    names.sort(naturalOrder);
  }
  const indexOf = new Map(names.map((name, label) => [name, label]));
  if (indexOf.size < names.length) {
    const twice = names.find((name, label) => indexOf.get(name) !== label);
    throw new RinError(`${where}: two labels have the name "${twice}"; give each class its own name`);
  }
  const labels = Int32Array.from(
    givens,
    ({ number, name }) => number ?? (name === undefined ? -1 : (indexOf.get(name) ?? -1)),
  );
  return { classes: names, labels };
}

/** The class in an object with `label`, `class` or both. @throws RinError if a value is not a class */
export function classOf(entry: object, where: string): Given {
  const label = given('label' in entry ? entry.label : undefined, where);
  const named = given('class' in entry ? entry.class : undefined, where);
  return { ...named, ...label };
}

/** The class of a picture by its top folder. Pictures outside folders have no class. */
export function byFolder(name: string): Given {
  const slash = name.indexOf('/');
  return slash < 0 ? {} : { name: name.slice(0, slash).normalize() };
}

/** The text of a file, without a byte order mark. */
export const plainText = (content: Buffer): string => String(content).replace(/^\uFEFF/, '');

/** Parses JSON. @throws RinError if the text is not JSON */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RinError(`${where}: not JSON (${oneLine(error)})`);
  }
}

/** The beginning of a value, for messages. */
export function brief(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 80);
  } catch {
    return '(nested too deeply)'; // JSON.stringify ran out of stack
  }
}
