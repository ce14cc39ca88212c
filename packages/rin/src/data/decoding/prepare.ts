import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { systemCode } from '../../disk/systemError.js';
import { type DataOptions, stepper } from '../progress.js';
import type { Listing, Picture, Skipped } from '../sources/source.js';
import { type Sample, sha256 } from '../store.js';
import type { Target } from './decode.js';
import { atOnce, DecodeThreads, ThreadLost } from './decodeThreads.js';

/** Changes when decoding does, so that what an older version decoded is not used. */
const decoderVersion = 2;

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
  const one = async ({ name, label, read }: Picture): Promise<Sample | Skipped> => {
    try {
      const bytes = read();
      return { pixels: await threads.decode(render ? await render(bytes) : bytes), label, name };
    } catch (error) {
      if (error instanceof ThreadLost) throw error;
      return { name, reason: reasonOf(error) };
    }
  };
  try {
    for await (const result of inOrder(pictures, one)) {
      if ('reason' in result) skipped.push(result);
      else yield result;
      step(skipped.length);
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

/** The first line, without what sharp repeats. */
export function reasonOf(error: unknown): string {
  if (systemCode(error) === 'ENOENT') return 'it is gone, or its name is not in UTF-8';
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/^Input buffer (contains|has) /, '').trim();
}
