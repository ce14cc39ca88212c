import { getSystemErrorMap } from 'node:util';

const reasons: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota is used up'],
  ['EFBIG', 'the file would be larger than this system allows'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['EEXIST', 'a part of the path is a file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTEMPTY', 'a folder with files in it has this name'],
  ['EBUSY', 'it is in use'],
  ['ETXTBSY', 'it is in use as a program'],
  ['ELOOP', 'its symbolic links form a circle'],
  ['EMLINK', 'it has too many links'],
  ['EXDEV', 'it is on another file system'],
  ['ENAMETOOLONG', 'a name in it is too long'],
  ['EINVAL', 'the file system does not support this'],
  ['ENOTSUP', 'the file system does not support this'],
  ['EOPNOTSUPP', 'the file system does not support this'],
  ['ENOSYS', 'the file system does not support this'],
  ['EIO', 'the disk reports an error'],
  ['ENXIO', 'the device does not exist'],
  ['ENODEV', 'the device does not exist'],
  ['ESTALE', 'the network disk no longer has it'],
  ['ETIMEDOUT', 'the network disk does not answer'],
  ['EHOSTDOWN', 'the network disk does not answer'],
  ['ENOTCONN', 'the network disk is not connected'],
  ['EREMOTEIO', 'the network disk reports an error'],
  ['EMFILE', 'this process has too many files open'],
  ['ENFILE', 'this system has too many files open'],
  ['ENOMEM', 'the system has no memory left'],
  ['EAGAIN', 'the system is too busy'],
  ['EINTR', 'it was interrupted'],
  ['ENOLCK', 'the system has no locks left'],
  ['ESPIPE', 'it is a pipe'],
  ['EPIPE', 'its reader has ended'],
]);

/** The code of a failed system call, such as `ENOENT`; undefined for an error without one. */
export const systemCode = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/**
 * Why a system call failed, in words. They fit after "cannot write PATH: ".
 * @returns undefined if the error does not come from the system
 */
export function systemReason(error: unknown): string | undefined {
  const known = reasons.get(systemCode(error));
  if (known !== undefined || !(error instanceof Error && 'errno' in error)) return known;
  const number = Number(error.errno);
  return getSystemErrorMap().get(number)?.[1] ?? `the system reports error ${Math.abs(number)}`;
}
