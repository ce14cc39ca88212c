import { RinError } from '@rin/core';
import { oneLine } from '../../disk/systemError.js';
import { naturalOrder } from './source.js';

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
 * Turns what was said of each picture into labels and class names. Where numbers are given, they are the labels, and a
 * class without a name is called by its number; names alone are numbered in natural order.
 * @returns labels [number of pictures], -1 = none; `classes` is empty where no picture has a class
 */
export function resolveLabels(givens: readonly Given[], where: string): Labelled {
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
    throw new RinError(`${where}: two labels have the name "${twice}"; each class needs its own`);
  }
  const labels = Int32Array.from(
    givens,
    ({ number, name }) => number ?? (name === undefined ? -1 : (indexOf.get(name) ?? -1)),
  );
  return { classes: names, labels };
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

/** A text without the byte order mark that some programs write before it. */
export const plainText = (content: Buffer): string => String(content).replace(/^\uFEFF/, '');

/** @throws {RinError} if the text is not JSON */
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
    return 'brackets in brackets'; // deeper than can be written
  }
}
