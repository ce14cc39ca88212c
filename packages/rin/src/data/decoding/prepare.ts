import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { systemCode } from '../../disk/systemError.js';
import { type DataOptions, stepper } from '../progress.js';
import type { Listing, Picture, Skipped } from '../sources/source.js';
import { type Sample, sha256 } from '../store.js';
import { Budget, type Release } from './budget.js';
import type { Target } from './decode.js';
import { atOnce, DecodeThreads, ThreadLost } from './decodeThreads.js';

/** Changes when decoding does, so that what an older version decoded is not used. */
const decoderVersion = 3;

/** Digest of what is in a source and of what becomes of its pictures: the name of a cache. */
export const fingerprintOf = (content: string, target: Target): string =>
  sha256(JSON.stringify([decoderVersion, content, target]));

/** Digest of all that a source says: classes, and name, label and contents of every picture. Reads them all. */
export async function contentDigest(listing: Listing, watch: DataOptions): Promise<string> {
  const { pictures, classes, missing, shape } = listing;
  const step = stepper('reading', pictures.length, watch);
  const hash = createHash('sha256').update(JSON.stringify([classes, missing, ...(shape ? [shape] : [])]));
  for (const { name, label, read } of pictures) {
    hash.update(`${name}\0${label}\0`).update(createHash('sha256').update(contents(read)).digest());
    if (step(0)) await turn();
  }
  return hash.digest('hex');
}

/** A file that cannot be read counts like one without contents: it will be skipped. */
function contents(read: Picture['read']): Uint8Array {
  try {
    return read();
  } catch {
    return new Uint8Array(0);
  }
}

/**
 * Decodes all pictures of a listing, several at a time, and gives the samples in the order of the listing.
 * @param skipped is extended by the pictures that cannot be read
 * @throws {RinError} where none can be read
 */
export async function* decodeAll(
  { pictures, shape, render }: Listing,
  target: Target,
  skipped: Skipped[],
  where: string,
  watch: DataOptions,
): AsyncGenerator<Sample> {
  const step = stepper('decoding', pictures.length, watch);
  const before = skipped.length;
  const threads = new DecodeThreads({ target, shape }, pictures.length);
  const one = async ({ picture: { name, label }, bytes, done }: Loaded): Promise<Sample | Skipped> => {
    try {
      const encoded = bytes();
      return { pixels: await threads.decode(render ? await render(encoded) : encoded), label, name };
    } catch (error) {
      if (error instanceof ThreadLost) throw error;
      return { name, reason: reasonOf(error) };
    } finally {
      done();
    }
  };
  try {
    for await (const result of inOrder(loaded(pictures), one)) {
      if ('reason' in result) skipped.push(result);
      else yield result;
      if (step(skipped.length)) await turn(); // pixels that fit, and empty files, make no pause by themselves
    }
  } finally {
    await threads.close();
  }
  if (skipped.length - before === pictures.length) {
    const [first] = skipped.slice(before);
    throw new RinError(
      `${where}: none of the ${pictures.length} pictures can be read; the first is ${first.name} (${first.reason})`,
    );
  }
}

/** A picture whose file was read. */
export interface Loaded {
  readonly picture: Picture;
  /** what was read; throws if it could not be read */
  bytes(): Uint8Array;
  /** to be called when the bytes are not needed any more */
  done: Release;
}

/** Bytes of files that are in memory at once. */
const loadedBytes = 2 ** 30;

/** Reads pictures one after the other, as far ahead as their files have room in memory together. */
export async function* loaded(pictures: readonly Picture[]): AsyncGenerator<Loaded> {
  const room = new Budget(loadedBytes);
  for (const picture of pictures) {
    let bytes: () => Uint8Array;
    let size = 0;
    try {
      const content = picture.read();
      size = content.length;
      bytes = () => content;
    } catch (error) {
      bytes = () => {
        throw error;
      };
    }
    yield { picture, bytes, done: await room.take(size) };
  }
}

/** `action` on each item, several at once; results in the order of the items. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  action: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const item of items) {
    const result = action(item);
    result.catch(() => {}); // an error is told when its turn comes
    running.push(result);
    if (running.length < atOnce) continue;
    const [oldest] = running.splice(0, 1);
    yield await oldest;
  }
  for (const result of running) yield await result;
}

/** Why a picture cannot be used, in one line: the first that says it, without what libvips puts before it. */
export function reasonOf(error: unknown): string {
  if (systemCode(error) === 'ENOENT') return 'it is gone, or its name is not in UTF-8';
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').map((line) => line.trim());
  const telling = lines.find((line) => line !== '' && !line.startsWith('source: bad seek')) ?? lines[0];
  return telling.replace(/^Input buffer (contains|has) /, '');
}
