import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const block = 512;

/** Writes a tar archive (ustar, pax for long names): beside its place first, then renamed, so that it is there whole or not at all. */
export class TarWriter {
  readonly #path: string;
  readonly #beside: string;
  readonly #fd: number;
  #position = 0;

  /** @throws where the file cannot be made */
  constructor(path: string) {
    this.#path = path;
    this.#beside = `${path}.${randomUUID()}.part`;
    this.#fd = openSync(this.#beside, 'w');
  }

  add(name: string, content: Uint8Array): void {
    if (Buffer.byteLength(name) > longestName) {
      const record = paxRecord('path', name);
      this.#member('pax', record, 'x');
      this.#member('long-name', content, '0');
    } else this.#member(name, content, '0');
  }

  /** Nothing may be added afterwards. */
  finish(): void {
    this.#write(Buffer.alloc(2 * block));
    fsyncSync(this.#fd);
    renameSync(this.#beside, this.#path);
    closeSync(this.#fd);
  }

  /** Takes away what was written so far. */
  discard(): void {
    closeSync(this.#fd);
    rmSync(this.#beside, { force: true });
  }

  #member(name: string, content: Uint8Array, type: string): void {
    this.#write(header(name, content.length, type));
    this.#write(content);
    this.#write(Buffer.alloc((block - (content.length % block)) % block));
  }

  #write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, this.#position + written);
    }
    this.#position += bytes.length;
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
