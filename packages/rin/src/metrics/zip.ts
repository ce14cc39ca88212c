import { inflateRawSync } from 'node:zlib';
import { crc32 } from '@rin/core';

/** A zip archive is damaged; the message says how, without a path. */
export class DamagedZip extends Error {}

/** A file in an archive. */
export interface ZippedFile {
  readonly name: string;
  /** bytes of the whole content, as the archive says */
  readonly size: number;
  /**
   * The content: a view of the archive if it is stored, else inflated.
   * @throws DamagedZip if it is damaged, cut short, or compressed in another way
   */
  bytes(): Uint8Array;
}

const [stored, deflated] = [0, 8];

const [endSignature, centralSignature, localSignature] = [0x06054b50, 0x02014b50, 0x04034b50];
const [endLength, centralLength, localLength] = [22, 46, 30];

/** Longest comment behind the end record. */
const longestComment = 0xffff;

/** Whether bytes begin like a zip archive. */
export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/**
 * The files of a zip archive. The work is bounded by the size of the archive, also if it is damaged: general readers can take
 * minutes for 1 kB. Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4.
 * @throws DamagedZip if the list of files is damaged, cut short or in the format for more than 4 GiB
 */
export function zippedFiles(bytes: Uint8Array): ZippedFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view);
  const count = view.getUint16(end + 10, true);
  const files: ZippedFile[] = [];
  let position = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (position + centralLength > end || view.getUint32(position, true) !== centralSignature)
      throw new DamagedZip(`its list of files is damaged at byte ${position}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(position + at, true));
    const next = position + centralLength + nameLength + extraLength + commentLength;
    if (next > end) throw new DamagedZip(`its list of files is damaged at byte ${position}`);
    const name = latin.decode(bytes.subarray(position + centralLength, position + centralLength + nameLength));
    const method = view.getUint16(position + 10, true);
    const [sum, packed, size, header] = [16, 20, 24, 42].map((at) => view.getUint32(position + at, true));
    files.push({
      ...{ name, size },
      bytes: () => checked(unpacked(content(bytes, view, header, packed, name), method, size, name), sum, name),
    });
    position = next;
  }
  return files;
}

const latin = new TextDecoder('latin1');

/** The end record is last, before a comment. */
function endRecord(view: DataView): number {
  const earliest = Math.max(0, view.byteLength - endLength - longestComment);
  for (let at = view.byteLength - endLength; at >= earliest; at--)
    if (view.getUint32(at, true) === endSignature) return at;
  throw new DamagedZip('it is an archive without an end: it is cut short');
}

/** @throws DamagedZip if the content has another checksum */
function checked(content: Uint8Array, sum: number, name: string): Uint8Array {
  if (crc32(content) !== sum) throw new DamagedZip(`the file ${JSON.stringify(name)} in it is damaged`);
  return content;
}

/** The content of a file, from its packed bytes. */
function unpacked(packed: Uint8Array, method: number, size: number, name: string): Uint8Array {
  const fail = (what: string): never => {
    throw new DamagedZip(`the file ${JSON.stringify(name)} in it is ${what}`);
  };
  if (method === stored) return packed.length === size ? packed : fail('damaged');
  if (method !== deflated) return fail('compressed in an unknown way');
  let content: Uint8Array;
  try {
    content = inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    return fail('damaged');
  }
  return content.length === size ? content : fail('damaged');
}

/** The packed bytes of a file behind its own header, whose names and extra fields have lengths of their own. */
function content(bytes: Uint8Array, view: DataView, header: number, size: number, name: string): Uint8Array {
  if (header + localLength > bytes.length || view.getUint32(header, true) !== localSignature)
    throw new DamagedZip(`the file ${JSON.stringify(name)} in it is damaged`);
  const start = header + localLength + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + size > bytes.length) throw new DamagedZip(`the file ${JSON.stringify(name)} in it is cut short`);
  return bytes.subarray(start, start + size);
}
