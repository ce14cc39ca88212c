import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { bytes as inBytes, RinError } from '@rin/core';

/**
 * A text that differs if a file may have changed, found without reading the file. It is undefined if there is no file,
 * as after a broken link. It includes the time of the last status change, because programs can set the modification
 * time.
 */
export function fileStamp(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
  } catch {
    return undefined; // the reason is reported when the file is read
  }
}

/** Bytes that are read by position, from a file or from its unpacked content. */
export interface Bytes {
  readonly length: number;
  /** `length` bytes from `position`; fewer only at the end */
  read(position: number, length: number): Buffer;
  close(): void;
}

/** Reason for refusing a path that is neither a file nor a folder. */
export const notFile = 'a pipe, socket or device; expected a file';

/** Whether a path is a file or a link to a file. False for pipes and folders, unlike `existsSync`. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Why a file is refused. The message does not name the file. */
class Refused extends Error {}

/**
 * Opens a file for reading. Pipes, sockets and devices are refused, because reading them may never end.
 * @returns the descriptor
 * @throws Refused if the path is not a file; else the system's error
 */
function openFile(path: string): number {
  const check = (stats: Stats) => {
    if (!stats.isFile()) throw new Refused(stats.isDirectory() ? 'a folder; expected a file' : notFile);
  };
  check(statSync(path)); // before opening, because opening a device may have effects
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // does not block if the path has become a pipe
  try {
    check(fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Runs an action and adds the path to the message of `Refused`. */
function naming<T>(path: string, action: (path: string) => T): T {
  try {
    return action(path);
  } catch (error) {
    throw error instanceof Refused ? new RinError(`${path}: ${error.message}`) : error;
  }
}

/** Opens a file. @throws RinError if the path is not a file */
export function fileBytes(path: string): Bytes {
  const fd = naming(path, openFile);
  return { length: fstatSync(fd).size, read: (...range) => readAt(fd, ...range), close: () => closeSync(fd) };
}

/**
 * The contents of a file.
 * @param most size limit in bytes
 * @throws Error if it is not a file, or is larger than `most`; the message does not name it
 */
export function readFile(path: string, most: number): Buffer {
  const fd = openFile(path);
  try {
    const { size } = fstatSync(fd);
    if (size > most) throw new Refused(tooLarge(size, most));
    return readAt(fd, 0, size);
  } finally {
    closeSync(fd);
  }
}

/**
 * The contents of a file.
 * @throws RinError if it is not a file, or is larger than `most` bytes; the message names it
 */
export const readNamed = (path: string, most: number): Buffer => naming(path, () => readFile(path, most));

/** The message for too many bytes. */
export const tooLarge = (length: number, most: number): string =>
  `${inBytes(length)}; expected at most ${inBytes(most)}`;

/** A part of other bytes. Closing it has no effect. */
export const part = (whole: Bytes, { offset, size }: { offset: number; size: number }): Bytes => ({
  length: size,
  read: (position, length) => whole.read(offset + position, Math.max(0, Math.min(length, size - position))),
  close() {},
});

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** The suffix of gzip files. */
export const gzipEnd = /\.(gz|tgz)$/i;

/**
 * Unpacks a gzip file into memory, because it cannot be read by position.
 * @param most number of bytes after which unpacking stops
 * @throws RinError if it is damaged or cut short before `most` bytes
 */
export async function unpack(path: string, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const fd = naming(path, openFile);
  try {
    await pipeline(createReadStream('', { fd }), createGunzip(), async (unpacked: AsyncIterable<Buffer>) => {
      for await (const chunk of unpacked) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= most) return;
      }
    });
  } catch (error) {
    const isEnough = length >= most; // stopping early is also reported as an error
    if (!isEnough) {
      throw isZlib(error) ? new RinError(`${path}: damaged or cut short (${error.message}); copy it again`) : error;
    }
  }
  return Buffer.concat(chunks, Math.min(length, most));
}

const isZlib = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

/** Bytes in memory. */
export const memoryBytes = (content: Buffer): Bytes => ({
  length: content.length,
  read: (position, length) => content.subarray(position, position + length),
  close() {},
});

/** Limit in bytes for unpacking a file of unknown length. The larger archive of CIFAR has 185 million. */
const mostUnpacked = 2 ** 28;

/**
 * Opens a file. If its name ends with `.gz` or `.tgz`, it is unpacked into memory.
 * @throws RinError if it unpacks to more than 256 MiB, is damaged, or is not a file
 */
export async function openBytes(path: string): Promise<Bytes> {
  if (!gzipEnd.test(path)) return fileBytes(path);
  const content = await unpack(path, mostUnpacked + 1);
  if (content.length <= mostUnpacked) return memoryBytes(content);
  throw new RinError(
    `${path}: more than ${mostUnpacked} bytes unpacked; unpack it (gzip -d) and use the unpacked file`,
  );
}
