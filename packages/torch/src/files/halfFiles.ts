import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from './systemErrors.js';

/*
 * A half file is what is being written until it is whole: a file or a folder beside its target. Its name says which process
 * writes it: TARGET.PLACE-PROCESS-START-RANDOM.part
 *   PLACE     what makes process numbers unique: this boot of this kernel, and the namespace of the process (a container)
 *   PROCESS   the number of the process, which the system gives again to others
 *   START     when it started, in ticks since the boot
 */
const ending = /\.(?<place>[\da-f]{8})-(?<process>\d+)-(?<start>\d+)-[\da-f]{6}\.part$/;

/** The ending of earlier versions, which name no process. */
const formerEnding = /\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.part$/;

/** A half file whose process cannot be looked up is removed when nothing was written to it for 7 days. */
const longAgo = 7 * 24 * 3_600_000;

let ownEnding: string | undefined;

/** A name for a half file of `path`, another one at each call. It belongs to this process. */
export function beside(path: string): string {
  ownEnding ??= `${placeOf()}-${process.pid}-${runningSince(process.pid) ?? 0}`;
  return `${path}.${ownEnding}-${randomBytes(3).toString('hex')}.part`;
}

/** A path without the endings of half files in it: what the user calls it. */
export const finalName = (path: string): string =>
  path
    .split('/')
    .map((name) => targetOf(name) ?? name)
    .join('/');

/** The name of the file that a half file was to become; undefined if the name is no half file's. */
export function targetOf(name: string): string | undefined {
  const end = ending.exec(name) ?? formerEnding.exec(name);
  return end ? name.slice(0, end.index) : undefined;
}

/** Is called before a half file is removed. */
export type BeforeRemoval = (path: string) => void;

/**
 * Removes half files that no process works on any more: their process has ended, or, if it ran on another machine, in
 * another container or before a restart, nothing was written to them for 7 days. What cannot be removed stays.
 * @param isOurs tells, by the name of its target, whether a half file is to be looked at
 */
export async function sweep(
  folder: string,
  isOurs: (target: string) => boolean,
  before: BeforeRemoval = () => {},
): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      const target = targetOf(name);
      const path = join(folder, name);
      if (target === undefined || !isOurs(target) || !(await isAbandoned(path))) continue;
      before(path);
      await rm(path, { recursive: true, force: true });
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const owner = ending.exec(path)?.groups;
  if (owner && owner.place === placeOf()) return !isRunning(Number(owner.process), owner.start);
  return (await lastWritten(path)) < Date.now() - longAgo;
}

/** The time of the last change to a file, or to anything in a folder, in milliseconds since 1970. */
async function lastWritten(path: string): Promise<number> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = await Promise.all((await readdir(path)).map((name) => lastWritten(join(path, name))));
  return inside.reduce((newest, time) => Math.max(newest, time), stats.mtimeMs);
}

let place: string | undefined;

/** Process numbers are compared with those of the same boot and the same namespace only. */
function placeOf(): string {
  place ??= createHash('sha256').update(placeText()).digest('hex').slice(0, 8);
  return place;
}

function placeText(): string | Uint8Array {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomBytes(8); // nobody else is at this place: the age decides
  }
}

/** Whether the process that started then still runs. */
function isRunning(id: number, start: string): boolean {
  try {
    process.kill(id, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false; // EPERM: it is another user's
  }
  const since = runningSince(id);
  return since === undefined || since === start; // undefined: the system hides it
}

/** When a process started; `ended` if only its exit code is left; undefined if that cannot be read. */
function runningSince(id: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // from the third field of proc(5) on
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
