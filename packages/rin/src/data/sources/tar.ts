import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import type { Bytes } from './bytes.js';
import { mostFiles } from './source.js';

const block = 512;

/** Position of a file in a tar archive. */
export interface Member {
  /** position of its first byte in the archive */
  readonly offset: number;
  /** bytes */
  readonly size: number;
}

/** The content of an archive. */
export interface Index {
  /** files by path, in the archive's order */
  readonly members: Map<string, Member>;
  /** number of pipes and devices */
  readonly special: number;
}

/**
 * Lists the files of a tar archive without reading them. Supports ustar, pax (path, linkpath, size), GNU long names,
 * the old format (v7), and links within the archive. If a path occurs twice, the last file counts, as in tar itself.
 * Source: POSIX.1-2001, pax, and the manual of GNU tar.
 * @param where name of the archive in messages
 * @throws RinError if the file is not a tar archive, or is compressed, damaged or cut short
 */
export async function indexTar(archive: Bytes, where: string, { signal }: DataOptions): Promise<Index> {
  const end = archive.length;
  const members = new Map<string, Member>();
  let special = 0;
  let seen = 0;
  const links = new Map<string, string>(); // target of each link
  let common: Attributes = {}; // for all following members ('g')
  let next: Attributes = {}; // for the next member ('x', 'L', 'K')
  for (let position = 0; ; ) {
    if (++seen % 1024 === 0) {
      await turn();
      signal?.throwIfAborted();
    }
    const header = archive.read(position, block);
    if (position === 0 && !isHeader(header)) throw new RinError(noTar(where, header));
    if (header.length < block) {
      throw new RinError(`${where} is cut short: it ends at byte ${end}, before its end mark; copy it again`);
    }
    if (header.every((byte) => byte === 0)) break; // the end mark
    if (!isHeader(header)) {
      throw new RinError(`${where}: damaged at byte ${position}: a header's checksum is wrong; copy it again`);
    }
    const type = String.fromCharCode(header[156]);
    const describes = 'xgLK'.includes(type);
    const attributes = describes ? {} : { ...common, ...next };
    const name = clean(attributes.path ?? fullName(header));
    const size = hasContent(type) ? (attributes.size ?? number(header, 124, 12)) : 0;
    if (!Number.isSafeInteger(size) || size < 0 || (describes && size > longestDescription)) {
      throw new RinError(`${where}: damaged at byte ${position}: a size of ${size}; copy it again`);
    }
    const offset = position + block;
    if (offset + size > end) {
      throw new RinError(
        `${where} is cut short: ${name} ends at byte ${offset + size}, the file at ${end}; copy it again`,
      );
    }
    position = offset + Math.ceil(size / block) * block;
    if (describes) {
      const content = archive.read(offset, size);
      if (type === 'g') common = { ...common, ...paxRecords(content, where) };
      else if (type === 'x') next = { ...next, ...paxRecords(content, where) };
      else next = { ...next, [type === 'L' ? 'path' : 'linkpath']: terminated(content) };
      continue;
    }
    next = {};
    if (name.length > longestPath)
      throw new RinError(`${where}: damaged at byte ${position}: a path of ${name.length} characters; copy it again`);
    if (members.size + links.size >= mostFiles)
      throw new RinError(`${where}: more than ${mostFiles} files; expected at most ${mostFiles}`);
    members.delete(name);
    links.delete(name);
    const target = attributes.linkpath ?? terminated(header.subarray(157, 257));
    if (type === '1') links.set(name, clean(target));
    else if (type === '2') links.set(name, clean(`${name}/../${target}`));
    else if (/[346]/.test(type)) special++;
    else if (isFile(type) && !fullName(header).endsWith('/')) members.set(name, { offset, size });
  }
  for (const name of links.keys()) {
    let target: string | undefined = name;
    for (let hops = 0; hops < mostHops && target !== undefined && !members.has(target); hops++)
      target = links.get(target);
    const member = members.get(target ?? '');
    if (member) members.set(name, member);
  }
  return { members, special };
}

/** Limit in characters for a path. No system allows longer paths. */
const longestPath = 2 ** 14;

/** Limit in bytes for a name or attributes. A longer description means damage. */
const longestDescription = 1 << 20;

/** Limit for links that lead to links. More links mean a circle. */
const mostHops = 40;

interface Attributes {
  path?: string;
  linkpath?: string;
  size?: number;
}

/** Types of files: regular, regular in the old format, contiguous. */
const isFile = (type: string) => type === '0' || type === '\0' || type === '7';

/** Links, devices, folders and pipes have no content, even if their header has a size. */
const hasContent = (type: string) => !/[1-6]/.test(type);

/** Whether the checksum fits the header, with its own field counted as spaces. A header of zeros is also valid. */
function isHeader(header: Buffer): boolean {
  let sum = 0;
  for (let index = 0; index < header.length; index++) if (index < 148 || index >= 156) sum += header[index];
  return header.length === block && (sum === 0 || sum + 8 * 32 === number(header, 148, 8));
}

/** A number in octal digits, or (GNU) in big-endian bytes if the first bit is set. NaN if it is neither. */
function number(header: Buffer, offset: number, length: number): number {
  if (header[offset] & 0x80) {
    let value = header[offset] & 0x7f;
    for (let index = 1; index < length; index++) value = value * 256 + header[offset + index];
    return value;
  }
  const text = terminated(header.subarray(offset, offset + length)).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

function terminated(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  return bytes.toString('utf8', 0, zero < 0 ? bytes.length : zero);
}

function fullName(header: Buffer): string {
  const name = terminated(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0'; // GNU's format uses the prefix for other data
  const prefix = isUstar ? terminated(header.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/** `./a//b/../c` as `a/c`. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/**
 * Reads the records `LENGTH KEY=VALUE\n` of a pax header. The length is in bytes.
 * @throws RinError if one is damaged
 */
function paxRecords(bytes: Buffer, where: string): Attributes {
  const result: Attributes = {};
  for (let start = 0; start < bytes.length; ) {
    const blank = bytes.indexOf(32, start);
    const length = blank < 0 ? Number.NaN : Number(bytes.toString('latin1', start, blank));
    const equals = bytes.indexOf(61, start);
    if (!(length > 0) || start + length > bytes.length || equals < blank || equals >= start + length) {
      throw new RinError(`${where}: damaged: a pax header is not a list of records; copy it again`);
    }
    const key = bytes.toString('utf8', blank + 1, equals);
    const value = bytes.toString('utf8', equals + 1, start + length - 1);
    if (key === 'path') result.path = value;
    else if (key === 'linkpath') result.linkpath = value;
    else if (key === 'size') result.size = Number(value);
    start += length;
  }
  return result;
}

function noTar(where: string, start: Buffer): string {
  const magic = start.toString('latin1', 0, 4);
  const packer = packers.find(([mark]) => magic.startsWith(mark))?.[1];
  if (!packer) return `${where}: not a tar archive; expected a folder of pictures or an uncompressed tar`;
  return `${where}: compressed by ${packer}; expected an uncompressed tar; unpack it (${packer} -d) and use the tar`;
}

const packers = [
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['BZh', 'bzip2'],
  ['\xfd7zX', 'xz'],
] as const;
