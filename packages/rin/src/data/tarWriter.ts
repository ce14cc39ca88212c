import type { Write } from '../disk/wholeFiles.js';

const block = 512;

/** The members of a tar archive (ustar, pax for long names), in pieces that follow each other in the file. */
export class TarWriter {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  add(name: string, content: Uint8Array): void {
    if (Buffer.byteLength(name) > longestName) {
      this.#member('pax', paxRecord('path', name), 'x');
      this.#member('long-name', content, '0');
    } else this.#member(name, content, '0');
  }

  /** Nothing may be added afterwards. */
  finish(): void {
    this.#write(Buffer.alloc(2 * block));
  }

  #member(name: string, content: Uint8Array, type: string): void {
    const padding = Buffer.alloc((block - (content.length % block)) % block);
    this.#write(Buffer.concat([header(name, content.length, type), content, padding]));
  }
}

/** Bytes of a name in a header. */
const longestName = 100;

/** Owner, time and the like are the same for all, so that the same contents make the same archive. */
function header(name: string, size: number, type: string): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  bytes.write(name, 0);
  bytes.write(octal(0o644, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.fill(32, 148, 156); // the checksum counts its own field as blanks
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

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
