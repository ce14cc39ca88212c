import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOutOfMemory, isTorchError, RinError } from '@rin/core';
import { makeFolder } from './makeFolder.js';
import { isTaken, systemCode, unreadable, whyNot } from './systemError.js';
import { writeFlushed } from './writeFlushed.js';

/*
 * Every change that a run makes on the disk. A process may be killed between any two of them, and the disk may lose power:
 * what is under its final name is whole.
 */

let observer: (change: string) => void = () => {};

/** Tells of every change before it is made, until called anew. For tests, which end the run there by throwing. */
export function observeChanges(next: (change: string) => void): void {
  observer = next;
}

/** Announces and makes one change; what the system refuses becomes a sentence. */
export async function change<T>(what: string, path: string, make: () => Promise<T>): Promise<T> {
  observer(`${what} ${path}`);
  try {
    return await make();
  } catch (error) {
    throw explained(error, path);
  }
}

/** A place for what is being written until it is whole, another one at every call: a program may train several runs at once. */
export const beside = (path: string): string => `${path}.${randomUUID()}.part`;

/** Removes what lies beside the paths `folder/name` that `isOurs` knows, and was left there over an hour ago. */
export async function removeAbandoned(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  const hourAgo = Date.now() - 3_600_000; // a process of another machine may be at work on a shared disk
  const names = await readdir(folder).catch((error) => {
    throw unreadable(error, folder);
  });
  for (const part of names) {
    const name = /^(.*)\.[\da-f-]+\.part$/.exec(part)?.[1];
    if (name === undefined || !isOurs(name)) continue;
    const left = await stat(join(folder, part)).catch(() => undefined); // another process may be removing it too
    if (left && left.mtimeMs < hourAgo) await remove(join(folder, part));
  }
}

/** Writes a file beside, flushes it and renames it. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const part = beside(path);
  await change('write', path, () => writeFlushed(part, content));
  await moveIntoPlace(part, path);
}

/** Fills a folder beside, flushes it and renames it. The files that `fill` leaves there must be flushed already. */
export async function writeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const part = beside(path);
  await change('make', part, () => makeFolder(part));
  try {
    await fill(part);
    await flush(part);
    await moveIntoPlace(part, path);
  } catch (error) {
    await remove(part).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

/** Renames what lies beside `path`, and flushes the folder that holds it. */
async function moveIntoPlace(part: string, path: string): Promise<void> {
  await change('rename', path, () => rename(part, path));
  await flush(dirname(path));
}

/** Removes a file, or a folder with all that is in it. */
export async function remove(path: string): Promise<void> {
  await change('remove', path, () => rm(path, { recursive: true, force: true }));
}

/** Brings what was appended to a file to the disk; a file that is not there is passed over. */
export async function flushLines(path: string): Promise<void> {
  if (existsSync(path)) await change('flush', path, () => flush(path));
}

/** Brings a file, or the names in a folder, to the disk. */
export async function flush(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw explained(error, path);
  }
}

/** Appends a line at once. */
export function appendLine(path: string, line: string): void {
  observer(`append ${path}`);
  try {
    appendFileSync(path, `${line}\n`);
  } catch (error) {
    throw explained(error, path);
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

/** The text of a file, or undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unreadable(error, path);
  }
}

/** What the system refuses, as a sentence; other errors as they are. */
function explained(error: unknown, path: string): unknown {
  if (isTorchError(error) && !isOutOfMemory(error)) return new RinError(error.message);
  if (isTaken(error)) return error; // whoever makes numbered runs tries the next name
  const reason = systemCode(error) === 'ENOENT' ? 'its folder is gone' : whyNot(error);
  return reason ? new RinError(`cannot write ${path}: ${reason}`) : error;
}
