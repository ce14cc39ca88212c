import { RinError } from '@rin/core';

/** The code of a failed system call, such as ENOENT. */
export const systemCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** What an error says, in one line: that of `JSON.parse` quotes what it read, line ends included. */
export const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');

const reasons = new Map<unknown, string>([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota is used up'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the disk has failed (input/output error)'],
  ['EFBIG', 'the file is larger than is allowed'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EEXIST', 'a part of the path is a file'],
  ['EISDIR', 'it is a folder'],
  ['EBUSY', 'it is in use'],
  ['ELOOP', 'its links lead in a circle'],
  ['ENAMETOOLONG', 'a name in it is too long'],
]);

/** Whether a rename failed because a folder with something in it has the name: which code says so is the file system's. */
export const isTaken = (error: unknown): boolean => ['ENOTEMPTY', 'EEXIST'].includes(String(systemCode(error)));

/** Why a file could not be read or written, in words that go behind "cannot write PATH: "; undefined for other errors. */
export const whyNot = (error: unknown): string | undefined => reasons.get(systemCode(error));

/** The disk did not give what lies on it: nothing can be said of the contents. */
export class DiskFailure extends RinError {}

/** Why a file could not be read, as an error that says so; other errors stay as they are. */
export function unreadable(error: unknown, path: string): unknown {
  const code = systemCode(error);
  const reason = code === 'ENOENT' ? 'it is gone' : whyNot(error);
  const sentence = `cannot read ${path}: ${reason}`;
  if (code === 'EIO') return new DiskFailure(sentence);
  return reason ? new RinError(sentence) : error;
}
