import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from './systemErrors.js';

/*
 * A half file is a file or a folder that is still being written under a temporary name. It is in the same folder as its
 * target. The temporary name identifies the process that writes it: TARGET.PLACE-PROCESS-START-RANDOM.part
 *   PLACE     digest of the kernel's boot and the process namespace (a container); process numbers are unique within it
 *   PROCESS   number of the process; the system may reuse it
 *   START     start of the process, in ticks since the boot
 */
const ending = /\.(?<place>[\da-f]{8})-(?<process>\d+)-(?<start>\d+)-[\da-f]{6}\.part$/;

/** The ending that earlier versions used. It does not identify a process. */
const formerEnding = /\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.part$/;

/** If the process cannot be looked up, a half file is removed after 7 days without a write. */
const longAgo = 7 * 24 * 3_600_000;

let ownEnding: string | undefined;

/** A temporary name for `path`, in the same folder. Each call gives another name. It belongs to this process. */
export function beside(path: string): string {
  ownEnding ??= `${placeOf()}-${process.pid}-${runningSince(process.pid) ?? 0}`;
  return `${path}.${ownEnding}-${randomBytes(3).toString('hex')}.part`;
}

/** A path without the endings of half files: the path that the user knows. */
export const finalName = (path: string): string =>
  path
    .split('/')
    .map((name) => targetOf(name) ?? name)
    .join('/');

/** The final name of a half file; undefined if the name does not belong to a half file. */
function targetOf(name: string): string | undefined {
  const end = ending.exec(name) ?? formerEnding.exec(name);
  return end ? name.slice(0, end.index) : undefined;
}

/** Called before a half file is removed. */
export type BeforeRemoval = (path: string) => void;

/**
 * Removes the half files in a folder whose process has ended. A process of another machine, of another container or
 * from before a restart cannot be looked up. Its half files are removed after 7 days without a write. Errors of the
 * system are ignored.
 * @param isOurs whether to consider a half file; gets the name of its target
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

/** Time of the last change to a file, or to anything in a folder, in milliseconds since 1970. */
async function lastWritten(path: string): Promise<number> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = await Promise.all((await readdir(path)).map((name) => lastWritten(join(path, name))));
  return inside.reduce((newest, time) => Math.max(newest, time), stats.mtimeMs);
}

let place: string | undefined;

/** Process numbers are compared only within the same boot and the same namespace. */
function placeOf(): string {
  place ??= createHash('sha256').update(placeText()).digest('hex').slice(0, 8);
  return place;
}

function placeText(): string | Uint8Array {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomBytes(8); // no other process has this place, so the age decides
  }
}

/** Whether a process still runs. @param start when it started, as in the name of a half file */
function isRunning(id: number, start: string): boolean {
  try {
    process.kill(id, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false; // EPERM: the process belongs to another user
  }
  const since = runningSince(id);
  return since === undefined || since === start; // undefined: the system hides it
}

/** When a process started; `ended` if only its exit code remains; undefined if this cannot be read. */
function runningSince(id: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' '); // starts at the third field of proc(5)
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
