import { Damaged } from './machine.js';

/** A file in an archive. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const [endSignature, centralSignature, localSignature] = [0x06054b50, 0x02014b50, 0x04034b50];
const [endLength, centralLength, localLength] = [22, 46, 30];

/** Longest comment behind the end record. */
const longestComment = 0xffff;

/** Whether bytes begin like a zip archive. */
export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/**
 * The files of a zip archive that are not compressed, as views of its bytes. PyTorch compresses nothing. Compressed files are left
 * out. The work is bounded by the size of the archive, also if it is damaged: general readers can take minutes for 1 kB.
 * Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4.
 * @throws Damaged if the list of files is damaged, cut short or in the format for more than 4 GiB
 */
export function storedFiles(bytes: Uint8Array): StoredFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view);
  const count = view.getUint16(end + 10, true);
  const files: StoredFile[] = [];
  let position = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (position + centralLength > end || view.getUint32(position, true) !== centralSignature)
      throw new Damaged(`its list of files is damaged at byte ${position}`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(position + at, true));
    const next = position + centralLength + nameLength + extraLength + commentLength;
    if (next > end) throw new Damaged(`its list of files is damaged at byte ${position}`);
    if (view.getUint16(position + 10, true) === 0) {
      const name = latin.decode(bytes.subarray(position + centralLength, position + centralLength + nameLength));
      const size = view.getUint32(position + 24, true);
      files.push({ name, bytes: content(bytes, view, view.getUint32(position + 42, true), size, name) });
    }
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
  throw new Damaged('it is an archive without an end: it is cut short');
}

/** The bytes of a file behind its own header, whose names and extra fields have lengths of their own. */
function content(bytes: Uint8Array, view: DataView, header: number, size: number, name: string): Uint8Array {
  if (header + localLength > bytes.length || view.getUint32(header, true) !== localSignature)
    throw new Damaged(`the file ${JSON.stringify(name)} in it is damaged`);
  const start = header + localLength + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + size > bytes.length) throw new Damaged(`the file ${JSON.stringify(name)} in it is cut short`);
  return bytes.subarray(start, start + size);
}
