import { dirname, join } from 'node:path';
import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { remove } from '../disk/wholeFiles.js';
import { cacheFolder, cannotWrite, forget, recall, remember, sweepCache } from './cacheFolder.js';
import { type Dataset, mostInMemory } from './dataset.js';
import { checkShape, type Target } from './decoding/decode.js';
import { contentDigest, decodeAll, fingerprintOf, nothingDecoded, storeFacts } from './decoding/prepare.js';
import { builtIn, type FoundSource, findSource } from './find.js';
import type { DataOptions } from './progress.js';
import type { Listing } from './sources/source.js';
import { FormerStore, openStore, writeStore } from './store.js';
import { DamagedStore } from './storeIndex.js';
import { openConverted } from './storeSource.js';

/** Options of `openDataset`. */
export interface OpenOptions extends DataOptions {
  /** [H, W] in pixels, or a number for a square picture */
  size: number | readonly number[];
  /** 1 = grey, 3 = colour */
  channels: number;
  /** how pictures are scaled to the size, and the background of transparent pictures */
  data: DataConfig;
  /** gets a sentence about anything unusual that is not an error; default: a warning of the process */
  onNotice?: (sentence: string) => void;
  /** data up to this number of bytes are held in memory, larger data are read from the cache; default 256 MiB */
  memory?: number;
}

/**
 * Opens pictures as samples of one shape. They are decoded once, into a cache in `$RIN_DATA_CACHE` (else
 * `$XDG_CACHE_HOME/rin/data`, else `~/.cache/rin/data`). The key of the cache is a digest of the contents of the files,
 * their names, their classes and the options. A copy of the source therefore uses the same cache, a changed source does
 * not. A read-only cache is used if it has the samples.
 *
 * Unreadable pictures are skipped and listed in `skipped`. If the machine fails (a disk error, no memory), this is an
 * error, and nothing is kept.
 * @param source a folder of pictures, a tar archive, a file of IDX or CIFAR, a folder of such files, or the output of
 *     `convertData`. `emoji` is the built-in set. A result of `findSource` saves the search
 * @throws RinError if the source does not exist, is damaged, or changes while it is read
 * @throws RinError if no picture can be read, the shape does not fit pictures, or the cache cannot be written
 */
export async function openDataset(source: string | FoundSource, options: OpenOptions): Promise<Dataset> {
  const { channels, data, memory = mostInMemory, onNotice = (text) => process.emitWarning(text) } = options;
  options.signal?.throwIfAborted();
  const size = typeof options.size === 'number' ? [options.size, options.size] : options.size;
  const target: Target = { shape: [channels, ...size], resize: data.resize, background: data.background.toLowerCase() };
  checkShape(target.shape);
  const place = typeof source === 'string' ? source : source.place;
  const converted = place === builtIn ? undefined : openConverted(place, memory);
  if (converted?.shape.join() === target.shape.join()) return converted;
  converted?.close();
  const from = typeof source === 'string' ? await findSource(source, Math.max(...size), options) : source;
  for (const sentence of from.notice?.split('\n') ?? []) onNotice(sentence);
  const root = cacheFolder();
  let listing: Listing | undefined;
  try {
    let content = from.stamp && recall(root, from.stamp);
    if (!content) {
      listing = await from.list();
      content = await contentDigest(listing, place, options);
      if (from.stamp) await remember(root, from.stamp, content);
    }
    const folder = join(root, fingerprintOf(content, target));
    const stored = await fromCache(folder, from.name, memory, onNotice);
    if (stored) return stored;
    listing ??= await from.list();
    const changed = () => {
      if (from.stamp) forget(root, from.stamp);
      return new RinError(`${place} changed while it was read; start again when nothing writes there`);
    };
    await decodeInto(folder, { listing, target, content, changed }, place, options);
    const written = openStore(folder, from.name, { memory, former: false });
    if (!written) throw new RinError(`${folder} was removed while it was being written; start again`);
    return written;
  } catch (error) {
    throw cannotWrite(error, root);
  } finally {
    listing?.close();
  }
}

type Notice = (sentence: string) => void;

/** The samples in the cache; undefined if there are none. A cache that cannot be used is removed. */
async function fromCache(folder: string, name: string, memory: number, notice: Notice): Promise<Dataset | undefined> {
  try {
    return openStore(folder, name, { memory, former: false });
  } catch (error) {
    if (!(error instanceof DamagedStore || error instanceof FormerStore)) throw error;
    await remove(folder);
    const why = error instanceof FormerStore ? 'of an earlier version of rin' : `damaged (${error.message})`;
    notice(`the cache ${folder} is ${why}; the pictures are decoded again`);
    return undefined;
  }
}

/** A source, the samples that it becomes, and the content digest that it had before. */
interface Decoding {
  readonly listing: Listing;
  readonly target: Target;
  readonly content: string;
  /** the error if its contents have changed */
  changed(): Error;
}

async function decodeInto(
  folder: string,
  { listing, target, content, changed }: Decoding,
  source: string,
  options: DataOptions,
): Promise<void> {
  await sweepCache(dirname(folder));
  const decoded = nothingDecoded(listing);
  const samples = decodeAll(listing, target, decoded, source, options);
  await writeStore(folder, samples, { shape: target.shape, classes: listing.classes }, () => {
    if (decoded.content.value !== content) throw changed();
    return storeFacts(decoded, target);
  });
}
