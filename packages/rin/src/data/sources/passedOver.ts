import { extname } from 'node:path/posix';
import { count, countOf } from '@rin/core';
import { pictureFormats } from './source.js';

/** Number of suffixes that the message names. */
const mostKinds = 6;

/** Suffixes of picture formats that rin does not read. */
const unread =
  /^\.(bmp|dib|heic|heif|hif|svgz?|jxl|jp2|j2k|jpx|psd|ico|tga|ppm|pgm|pnm|pbm|exr|hdr|dng|cr2|cr3|nef|arw|orf|rw2|raf)$/;

/**
 * A sentence that counts the ignored files by suffix.
 * @param names   paths of the files
 * @param special number of pipes, sockets and devices
 * @returns undefined if there are no ignored files
 */
export function passedOver(names: readonly string[], special: number): string | undefined {
  const kinds = new Map<string, number>();
  const add = (kind: string, number: number) => kinds.set(kind, (kinds.get(kind) ?? 0) + number);
  for (const name of names) add(kindOf(name), 1);
  if (special > 0) add('pipes, sockets or devices', special);
  const total = names.length + special;
  if (total === 0) return undefined;
  const frequent = [...kinds].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  const parts = frequent.slice(0, mostKinds).map(([kind, number]) => `${count(number)} ${kind}`);
  if (frequent.length > mostKinds) parts.push('…');
  const files = `${countOf(total, 'file')} ignored: ${parts.join(', ')}`;
  const isUnread = frequent.some(([kind]) => unread.test(kind));
  return isUnread ? `${files}; rin reads ${pictureFormats}` : files;
}

/** The suffix of a name, for the message. */
function kindOf(name: string): string {
  const suffix = extname(name).toLowerCase();
  if (suffix === '') return 'without a suffix';
  return /^\.[a-z0-9_+-]{1,10}$/.test(suffix) ? suffix : 'others';
}
