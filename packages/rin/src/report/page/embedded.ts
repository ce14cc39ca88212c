import { readFile } from 'node:fs/promises';
import { unreadable } from '../../disk/systemError.js';
import sharp from '../../media/sharp.js';

/** Files of a run that become part of the page. */
export class Embedded {
  /** bytes of all files so far */
  bytes = 0;
  /** names of files that are no pictures, and so left out */
  readonly damaged: string[] = [];

  /**
   * A picture or sound as an address that holds it.
   * @param name  of the file, for `damaged`
   * @param kind  its media type
   * @returns the address, and of a picture its size in pixels; undefined if it should be a picture and is none
   * @throws RinError if the file cannot be read
   */
  async add(path: string, name: string, kind: string): Promise<{ uri: string; size: object } | undefined> {
    const bytes = await readFile(path).catch((error: unknown) => {
      throw unreadable(error, path);
    });
    const size = kind.startsWith('image/') ? await sizeOf(bytes) : {};
    if (size === undefined) {
      this.damaged.push(name);
      return undefined;
    }
    this.bytes += bytes.length;
    return { uri: `data:${kind};base64,${bytes.toString('base64')}`, size };
  }
}

/** Width and height in pixels; undefined if the bytes are no picture. */
async function sizeOf(bytes: Buffer): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = await sharp(bytes).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}
