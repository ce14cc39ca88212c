import { appendFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isOutOfMemory, isTorchError, RinError } from '@rin/core';
import * as files from '@rin/torch/files';
import { type Change, type Content, finalName, making, sweep, type Watch, type Write } from '@rin/torch/files';
import { makeFolder } from './makeFolder.js';
import { isTaken, systemCode, Taken, WriteError, whyNot } from './systemError.js';

export { beside } from '@rin/torch/files';
export type { Content, Write };

/*
 * Every change that rin makes on the disk. A process may be killed between any two of them, and the disk may lose power:
 * what is under its final name is whole. How that is done is in @rin/torch/files; here are the sentences for what fails.
 */

let observer: (change: string) => void = () => {};

/** Tells of every change before it is made, until called anew. For tests, which end the work there by throwing. */
export function observeChanges(next: (change: string) => void): void {
  observer = next;
}

const watch: Watch = {
  before: (kind, path) => observer(`${kind} ${path}`),
  explain: (error, kind, path) => explained(error, kind, finalName(path)),
};

/**
 * Announces and makes one change.
 * @throws {RinError} if the system refuses it; other errors as they are
 */
export const change = <T>(kind: Change, path: string, make: () => Promise<T>): Promise<T> =>
  making(watch, kind, path, make);

/**
 * Removes half files that no process works on any more.
 * @param isOurs tells, by the name of what it was to become, whether a half file in `folder` is to be looked at
 */
export const removeAbandoned = (folder: string, isOurs: (name: string) => boolean): Promise<void> =>
  sweep(folder, isOurs, (path) => observer(`remove ${path}`));

/**
 * Writes a file that replaces the one at `path`: there is the old one or the whole new one, whatever happens.
 * @param content the whole of it, or a function that writes it piece by piece
 * @param durable false: a power loss may take it. For files that replace none and can be made again
 * @throws {WriteError} if the system refuses it
 */
export const writeWhole = (path: string, content: Content, durable = true): Promise<void> =>
  files.writeWhole(path, content, watch, durable);

/** Writes a new file and flushes it, for a folder that `writeFolder` fills. @throws {WriteError} if the system refuses it */
export const writeFlushed = (path: string, content: Content): Promise<void> => files.writeFlushed(path, content, watch);

/**
 * Makes a folder, and those above it. It is there with all that `fill` puts into it, or not at all.
 * @param fill gets the folder that will be renamed; flushes the files that it writes
 * @throws {Taken} if something other than an empty folder has the name; {WriteError} if the system refuses it
 */
export async function writeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await change('make', dirname(path), () => makeFolder(dirname(path)));
  await files.writeFolder(path, fill, watch);
}

/** Removes a file, or a folder with all that is in it. @throws {WriteError} if the system refuses it */
export async function remove(path: string): Promise<void> {
  await change('remove', path, () => rm(path, { recursive: true, force: true }));
}

/** Brings a file that was written before, or the names in a folder, to the disk. */
export const flush = (path: string): Promise<void> => files.flush(path, watch);

/** Appends a line at once. @throws {WriteError} if the system refuses it */
export function appendLine(path: string, line: string): void {
  observer(`append ${path}`);
  try {
    appendFileSync(path, `${line}\n`);
  } catch (error) {
    throw explained(error, 'extend', path);
  }
}

/** Keeps the lines that a test lets through; a file that is not there stays so. */
export async function filterLines(path: string, keep: (line: string) => boolean): Promise<void> {
  const text = await readText(path);
  if (text === undefined) return;
  const kept = text.split('\n').filter((line) => line !== '' && keep(line));
  const content = kept.map((line) => `${line}\n`).join('');
  if (content !== text) await writeWhole(path, content);
}

/** The text of a file, or undefined if there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the system refuses, as a sentence; other errors as they are. */
function explained(error: unknown, kind: Change, path: string): unknown {
  if (isTorchError(error) && !isOutOfMemory(error)) return new RinError(finalName(error.message)); // begins with the path
  if (kind === 'rename' && (isTaken(error) || systemCode(error) === 'ENOTDIR')) return new Taken(path);
  const reason = systemCode(error) === 'ENOENT' ? 'its folder is gone' : whyNot(error);
  return reason === undefined ? error : new WriteError(path, reason);
}
