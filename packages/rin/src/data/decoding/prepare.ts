import { createHash, type Hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { systemCode } from '../../disk/systemError.js';
import { type DataOptions, stepper } from '../progress.js';
import type { Listing, Picture, Skipped } from '../sources/source.js';
import type { Sample, StoreFacts } from '../store.js';
import { sha256 } from '../storeIndex.js';
import { Budget, type Release } from './budget.js';
import type { Target } from './decode.js';
import { atOnce, DecodeThreads, ThreadLost } from './decodeThreads.js';
import { machineFailure } from './machine.js';

/** Changes with the decoder, so that pixels of an older decoder are not used. */
const decoderVersion = 3;

/** Digest of a source's content and of the target: the name of a cache. */
export const fingerprintOf = (content: string, target: Target): string =>
  sha256(JSON.stringify([decoderVersion, content, target]));

/** Digest of a listing: its classes, and the name, label and contents of every picture in their order. */
class ContentDigest {
  readonly #hash: Hash;

  constructor({ classes, missing, shape }: Listing) {
    this.#hash = createHash('sha256').update(JSON.stringify([classes, missing, ...(shape ? [shape] : [])]));
  }

  /** @param contents SHA-256 of the picture's bytes */
  add({ name, label }: Picture, contents: Uint8Array): void {
    this.#hash.update(`${name}\0${label}\0`).update(contents);
  }

  /** The digest of all pictures that were added so far, in hexadecimal. */
  get value(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** The digest of a source. It reads all pictures. @throws RinError if the machine fails to read a picture */
export async function contentDigest(listing: Listing, where: string, watch: DataOptions): Promise<string> {
  const { pictures } = listing;
  const step = stepper('reading', pictures.length, watch);
  const digest = new ContentDigest(listing);
  for (const picture of pictures) {
    const bytes = contents(picture, where);
    digest.add(picture, sha256Bytes('reason' in bytes ? nothing : bytes));
    if (step(0)) await turn();
  }
  return digest.value;
}

const sha256Bytes = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** An unreadable file counts as an empty file, which is skipped later. */
const nothing = new Uint8Array(0);

/**
 * The bytes of a picture, or why they cannot be read.
 * @throws RinError if the source is damaged or the machine failed
 */
function contents({ name, read }: Picture, where: string): Uint8Array | Skipped {
  try {
    return read();
  } catch (error) {
    if (error instanceof RinError) throw error;
    refuseMachineFailure(error, where, name);
    return { name, reason: reasonOf(error) };
  }
}

/** A failure of the machine must not be kept as a fault of the picture. @throws RinError if the machine failed */
function refuseMachineFailure(error: unknown, where: string, name: string): void {
  const reason = machineFailure(error);
  if (reason === undefined) return;
  throw new RinError(`${where}: ${name} could not be read: ${reason}; start again, or remove this picture`);
}

/** Findings while a source is decoded. */
export interface Decoded {
  /** pictures that cannot be read; the pictures that the source lists as missing come first */
  readonly skipped: Skipped[];
  /** digest of the bytes that were decoded */
  readonly content: ContentDigest;
}

/** The findings before the first picture is decoded. */
export const nothingDecoded = (listing: Listing): Decoded => ({
  skipped: [...listing.missing],
  content: new ContentDigest(listing),
});

/** What a store records about these samples, after all are decoded. */
export function storeFacts({ skipped, content }: Decoded, target: Target): StoreFacts {
  const { resize, background } = target;
  const { value } = content;
  return { fingerprint: fingerprintOf(value, target), origin: { content: value, resize, background }, skipped };
}

/**
 * Decodes all pictures of a listing, several at a time. The samples come in the order of the listing.
 * @param decoded receives the findings
 * @throws RinError if no picture can be read, or the machine fails to read a picture
 */
export async function* decodeAll(
  { pictures, shape, render }: Listing,
  target: Target,
  { skipped, content }: Decoded,
  where: string,
  watch: DataOptions,
): AsyncGenerator<Sample> {
  const step = stepper('decoding', pictures.length, watch);
  const before = skipped.length;
  const threads = new DecodeThreads({ target, shape }, pictures.length);
  const one = async ({ picture, bytes: read, done }: Loaded) => {
    const { name, label } = picture;
    try {
      const bytes = contents({ ...picture, read }, where);
      if ('reason' in bytes) return { picture, digest: sha256Bytes(nothing), result: bytes };
      const digest = sha256Bytes(bytes);
      try {
        const pixels = await threads.decode(render ? await render(bytes) : bytes);
        return { picture, digest, result: { pixels, label, name } };
      } catch (error) {
        if (error instanceof ThreadLost) throw error;
        refuseMachineFailure(error, where, name);
        return { picture, digest, result: { name, reason: reasonOf(error) } };
      }
    } finally {
      done();
    }
  };
  try {
    for await (const { picture, digest, result } of inOrder(loaded(pictures), one)) {
      content.add(picture, digest);
      if ('reason' in result) skipped.push(result);
      else yield result;
      if (step(skipped.length)) await turn(); // fitting pixels and empty files cause no pause of their own
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
  /** the bytes of the file; throws if it could not be read */
  bytes(): Uint8Array;
  /** to call when the bytes are no longer needed */
  done: Release;
}

/** Bytes of all files that are in memory at once. */
const loadedBytes = 2 ** 30;

/** Reads pictures one after the other, ahead of their use as far as memory allows (`loadedBytes`). */
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

/** Runs `action` on several items at once. Results come in the order of the items. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  action: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const item of items) {
    const result = action(item);
    result.catch(() => {}); // an error is thrown when its turn comes
    running.push(result);
    if (running.length < atOnce) continue;
    const [oldest] = running.splice(0, 1);
    yield await oldest;
  }
  for (const result of running) yield await result;
}

/** Why a picture cannot be used: the first useful line of the message, without the prefix of libvips. */
export function reasonOf(error: unknown): string {
  if (systemCode(error) === 'ENOENT') return 'it is gone, or its name is not in UTF-8';
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').map((line) => line.trim());
  const telling = lines.find((line) => line !== '' && !line.startsWith('source: bad seek')) ?? lines[0];
  return telling.replace(/^Input buffer (contains|has) /, '');
}
