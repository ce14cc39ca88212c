import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { bytes as inBytes, RinError } from '@rin/core';

/**
 * What tells, without reading it, whether a file may have changed; undefined where none can be reached, as at the end of a
 * broken link. The time of the last status change is in it: a program can set a file's modification time, but not that one.
 */
export function fileStamp(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
  } catch {
    return undefined; // why is told when it is read
  }
}

/** Bytes that are read by position: those of a file, or of what was unpacked from one. */
export interface Bytes {
  readonly length: number;
  /** `length` bytes from `position` on; fewer only at the end */
  read(position: number, length: number): Buffer;
  close(): void;
}

/** What a path leads to that is neither a file nor a folder. */
export const notFile = 'a pipe, socket or device; expected a file';

/** Whether a path leads to a file, through links or not. False for pipes and folders, unlike `existsSync`. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Why a file is not read; says nothing of which file it is. */
class Refused extends Error {}

/**
 * Opens a file for reading. A pipe, a socket and a device are refused: to read them may wait without end.
 * @returns the descriptor
 */
function openFile(path: string): number {
  const check = (stats: Stats) => {
    if (!stats.isFile()) throw new Refused(stats.isDirectory() ? 'a folder; expected a file' : notFile);
  };
  check(statSync(path)); // first, for to open a device may do something
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // does not wait if it is a pipe by now
  try {
    check(fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Puts the file before the reason. */
function naming<T>(path: string, action: (path: string) => T): T {
  try {
    return action(path);
  } catch (error) {
    throw error instanceof Refused ? new RinError(`${path}: ${error.message}`) : error;
  }
}

/** An open file. @throws {RinError} if the path leads to anything else */
export function fileBytes(path: string): Bytes {
  const fd = naming(path, openFile);
  return { length: fstatSync(fd).size, read: (...range) => readAt(fd, ...range), close: () => closeSync(fd) };
}

/**
 * The contents of a file.
 * @param most a larger file is not read, in bytes
 * @throws {Error} if it is no file, or is larger; the message does not name it
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

/** The same. @throws {RinError} if it is no file, or is larger; the message names it */
export const readNamed = (path: string, most: number): Buffer => naming(path, () => readFile(path, most));

/** Says that something has too many bytes. */
export const tooLarge = (length: number, most: number): string =>
  `${inBytes(length)}; expected at most ${inBytes(most)}`;

/** A part of other bytes; closing it closes nothing. */
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

/** What names of gzip files end with. */
export const gzipEnd = /\.(gz|tgz)$/i;

/**
 * Unpacks a gzip file into memory, for it cannot be read by position.
 * @param most so many bytes, and no more, are unpacked
 * @throws {RinError} where it is damaged or cut short before that
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
    const isEnough = length >= most; // that the rest was not wanted is told as an error too
    if (!isEnough) {
      throw isZlib(error) ? new RinError(`${path}: damaged or cut short (${error.message}); copy it again`) : error;
    }
  }
  return Buffer.concat(chunks, Math.min(length, most));
}

const isZlib = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

/** What was unpacked, as bytes. */
export const memoryBytes = (content: Buffer): Bytes => ({
  length: content.length,
  read: (position, length) => content.subarray(position, position + length),
  close() {},
});

/** What nobody says the length of may unpack to so many bytes; the larger of CIFAR's archives has 185 million. */
const mostUnpacked = 2 ** 28;

/**
 * Opens a file; what is packed by gzip, by its name, is unpacked into memory.
 * @throws {RinError} where that would be too much
 */
export async function openBytes(path: string): Promise<Bytes> {
  if (!gzipEnd.test(path)) return fileBytes(path);
  const content = await unpack(path, mostUnpacked + 1);
  if (content.length <= mostUnpacked) return memoryBytes(content);
  throw new RinError(
    `${path}: more than ${mostUnpacked} bytes unpacked; unpack it (gzip -d) and name the unpacked file`,
  );
}
