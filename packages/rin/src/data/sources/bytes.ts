import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { RinError } from '@rin/core';

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

/** An open file. */
export function fileBytes(path: string): Bytes {
  const fd = openSync(path, 'r');
  return { length: fstatSync(fd).size, read: (...range) => readAt(fd, ...range), close: () => closeSync(fd) };
}

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
  try {
    await pipeline(createReadStream(path), createGunzip(), async (unpacked: AsyncIterable<Buffer>) => {
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
