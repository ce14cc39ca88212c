import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import { brief, classOf, type Given, given, parseJson, plainText } from './labels.js';

/** The two files that can list pictures with their classes, in order of precedence. */
export const listFiles = ['dataset.json', 'metadata.jsonl'];

/** Limit in bytes for a list. The list of ImageNet has about 60 MB. */
export const largestList: Record<string, number> = { 'dataset.json': 2 ** 27, 'metadata.jsonl': 2 ** 28 };

/** Limit for the entries of a list. */
const mostEntries = 2 ** 22;

/** Limit in bytes for a line of a list. */
const longestLine = 2 ** 20;

/** The class of each path in a list; null = "no classes". Paths are as in the list, relative to its folder. */
export type Entries = ReadonlyMap<string, Given> | null;

/**
 * Reads a list.
 * @param file  `dataset.json` or `metadata.jsonl`
 * @param where name of the list in messages
 * @returns undefined if it gives no classes
 * @throws RinError if it is damaged
 */
export async function parseList(
  file: string,
  content: Buffer,
  where: string,
  watch: DataOptions,
): Promise<Entries | undefined> {
  return file === 'dataset.json' ? parseDatasetJson(plainText(content), where) : parseMetadata(content, where, watch);
}

/** Reads `dataset.json` (`{"labels": [["path", 3], …]}`; `"labels": null` = no classes). */
function parseDatasetJson(text: string, where: string): Entries {
  const content = parseJson(text, where);
  const labels = content !== null && typeof content === 'object' && 'labels' in content ? content.labels : undefined;
  if (labels === null) return null;
  if (!Array.isArray(labels))
    throw new RinError(`${where}: expected {"labels": [["path", number], …]} or {"labels": null}`);
  checkCount(labels.length, where);
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
 * Reads `metadata.jsonl`. Each line is an object with `file_name`, and with `label` (number or name), `class` (name) or
 * both.
 */
async function parseMetadata(content: Buffer, where: string, watch: DataOptions): Promise<Entries | undefined> {
  const result = new Map<string, Given>();
  let speaks = false;
  for await (const [line, row] of rows(content, where, watch)) {
    const entry = parseJson(line, row);
    if (!hasFileName(entry)) throw new RinError(`${row}: expected an object with file_name, found ${brief(entry)}`);
    speaks ||= 'label' in entry || 'class' in entry;
    result.set(entry.file_name, classOf(entry, row));
    checkCount(result.size, where);
  }
  return speaks ? result : undefined;
}

/** Whether the first line of a `metadata.jsonl` has `file_name`. Other programs use this file name for other things. */
export function namesFiles(content: Buffer): boolean {
  const [first] = plainText(content.subarray(0, longestLine)).trimStart().split('\n', 1);
  try {
    return hasFileName(JSON.parse(first));
  } catch {
    return false;
  }
}

const hasFileName = (entry: unknown): entry is { file_name: string } =>
  entry !== null && typeof entry === 'object' && 'file_name' in entry && typeof entry.file_name === 'string';

/** The lines that are not blank, each with its name in messages. */
async function* rows(content: Buffer, where: string, { signal }: DataOptions): AsyncGenerator<[string, string]> {
  for (let start = 0, number = 1; start < content.length; number++) {
    const found = content.indexOf(10, start);
    const end = found < 0 ? content.length : found;
    const row = `${where}: line ${number}`;
    if (end - start > longestLine) throw new RinError(`${row}: ${end - start} bytes; expected at most ${longestLine}`);
    const line = plainText(content.subarray(start, end)).trim();
    if (line !== '') yield [line, row];
    start = end + 1;
    if (number % 4096 !== 0) continue;
    await turn();
    signal?.throwIfAborted();
  }
}

function checkCount(count: number, where: string): void {
  if (count > mostEntries)
    throw new RinError(`${where}: more than ${mostEntries} entries; expected at most ${mostEntries}`);
}
