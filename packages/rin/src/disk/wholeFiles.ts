import { appendFileSync, existsSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isOutOfMemory, isTorchError, RinError } from '@rin/core';
import * as files from '@rin/torch/files';
import { type Change, type Content, finalName, making, sweep, type Watch, type Write } from '@rin/torch/files';
import { makeFolder } from './makeFolder.js';
import { isTaken, systemCode, Taken, unreadable, WriteError, whyNot } from './systemError.js';

export { beside } from '@rin/torch/files';
export type { Content, Write };

/*
 * Every change that rin makes on the disk. A process may be killed between any two changes, and the disk may lose
 * power. Even then, every file with its final name is complete. @rin/torch/files does this; this file adds the error
 * messages.
 */

let observer: (change: string) => void = () => {};

/** Sets a function that is called before every change. For tests, which stop the work there by throwing. */
export function observeChanges(next: (change: string) => void): void {
  observer = next;
}

const watch: Watch = {
  before: (kind, path) => observer(`${kind} ${path}`),
  explain: (error, kind, path) => explained(error, kind, finalName(path)),
};

/**
 * Reports one change to the observer, then makes it.
 * @throws RinError if the system refuses it; other errors pass through
 */
export const change = <T>(kind: Change, path: string, make: () => Promise<T>): Promise<T> =>
  making(watch, kind, path, make);

/**
 * Removes half files that no process writes any more.
 * @param isOurs whether to consider a half file in `folder`; gets the final name of the file
 */
export const removeAbandoned = (folder: string, isOurs: (name: string) => boolean): Promise<void> =>
  sweep(folder, isOurs, (path) => observer(`remove ${path}`));

/**
 * Writes a file and replaces an existing one. At any moment, `path` has the old file or the complete new one.
 * @param content all of it, or a function that writes it piece by piece
 * @param durable false: a power loss may lose the file. For files that replace no other and can be made again
 * @throws WriteError if the system refuses it
 */
export const writeWhole = (path: string, content: Content, durable = true): Promise<void> =>
  files.writeWhole(path, content, watch, durable);

/**
 * Writes a new file and flushes it, in a folder that `writeFolder` fills.
 * @throws WriteError if the system refuses it
 */
export const writeFlushed = (path: string, content: Content): Promise<void> => files.writeFlushed(path, content, watch);

/**
 * Makes a folder and its missing parents. The folder appears with all files that `fill` writes, or not at all.
 * @param fill gets a temporary folder, which is renamed afterwards; it must flush the files that it writes
 * @throws Taken if a file or a folder with content has the name
 * @throws WriteError if the system refuses it
 */
export async function writeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await change('make', dirname(path), () => makeFolder(dirname(path)));
  await files.writeFolder(path, fill, watch);
}

/** Removes a file, or a folder with its content. @throws WriteError if the system refuses it */
export async function remove(path: string): Promise<void> {
  await change('remove', path, () => rm(path, { recursive: true, force: true }));
}

/** Flushes a file, or the names in a folder, to the disk. @throws WriteError if the system refuses it */
export const flush = (path: string): Promise<void> => files.flush(path, watch);

/** Flushes the lines that were appended to a file. A missing file is ignored. @throws WriteError if the system refuses it */
export async function flushLines(path: string): Promise<void> {
  if (existsSync(path)) await flush(path);
}

/** Appends a line, synchronously. @throws WriteError if the system refuses it */
export const appendLine = (path: string, line: string): void => append(path, `${line}\n`);

/** Appends to a file, synchronously. The file is made if it is missing. @throws WriteError if the system refuses it */
export function append(path: string, content: string | Uint8Array): void {
  observer(`append ${path}`);
  try {
    appendFileSync(path, content);
  } catch (error) {
    throw explained(error, 'extend', path);
  }
}

/** Keeps only the lines for which `keep` is true. A missing file is ignored. */
export async function filterLines(path: string, keep: (line: string) => boolean): Promise<void> {
  const text = await readText(path);
  if (text === undefined) return;
  const kept = text.split('\n').filter((line) => line !== '' && keep(line));
  const content = kept.map((line) => `${line}\n`).join('');
  if (content !== text) await writeWhole(path, content);
}

/**
 * The text of a file, or undefined if there is no file.
 * @throws RinError if the system refuses to read it, or it is a pipe or a device, which may never end
 */
export async function readText(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() && !stats.isDirectory()) throw new RinError(`cannot read ${path}: it is not a regular file`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unreadable(error, path);
  }
}

/** Turns an error of the system into a `RinError` with a clear message. Other errors pass through. */
function explained(error: unknown, kind: Change, path: string): unknown {
  if (isTorchError(error) && !isOutOfMemory(error)) return new RinError(finalName(error.message)); // begins with the path
  if (kind === 'rename' && (isTaken(error) || systemCode(error) === 'ENOTDIR')) return new Taken(path);
  const reason = systemCode(error) === 'ENOENT' ? 'its folder is gone' : whyNot(error);
  return reason === undefined ? error : new WriteError(path, reason);
}
