import type { Write } from '../disk/wholeFiles.js';

const block = 512;

/** Writes a tar archive (ustar; pax for long names) piece by piece. Format: POSIX.1-2001, pax. */
export class TarWriter {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Adds a file. @param name path with slashes */
  add(name: string, content: Uint8Array): void {
    if (Buffer.byteLength(name) > longestName) {
      this.#member('pax', paxRecord('path', name), 'x');
      this.#member('long-name', content, '0');
    } else this.#member(name, content, '0');
  }

  /** Writes the end mark. Do not call `add` afterwards. */
  finish(): void {
    this.#write(Buffer.alloc(2 * block));
  }

  #member(name: string, content: Uint8Array, type: string): void {
    const padding = Buffer.alloc((block - (content.length % block)) % block);
    this.#write(Buffer.concat([header(name, content.length, type), content, padding]));
  }
}

/** Bytes that a header has for a name. */
const longestName = 100;

/** The header of a member. Owner, time and mode are constant, so that the same contents give the same archive. */
function header(name: string, size: number, type: string): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  bytes.write(name, 0);
  bytes.write(octal(0o644, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.fill(32, 148, 156); // the checksum counts its own field as spaces
  bytes.write(type, 156);
  bytes.write('ustar\x0000', 257);
  bytes.write(
    octal(
      bytes.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  bytes[154] = 0;
  return bytes;
}

/** `LENGTH KEY=VALUE\n`. The length includes its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
