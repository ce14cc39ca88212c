import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { cacheFolder, cannotWrite, recall, remember, removeAbandoned } from './cacheFolder.js';
import type { Dataset } from './dataset.js';
import { checkShape, type Target } from './decoding/decode.js';
import { contentDigest, decodeAll, fingerprintOf } from './decoding/prepare.js';
import { builtIn, type FoundSource, findSource } from './find.js';
import type { DataOptions } from './progress.js';
import type { Listing, Skipped } from './sources/source.js';
import { DamagedStore, openStore, writeStore } from './store.js';
import { openConverted } from './storeSource.js';

/** The samples that `openDataset` makes of pictures. */
export interface OpenOptions extends DataOptions {
  /** [H, W], or a number for a square picture */
  size: number | readonly number[];
  /** 1 = grey, 3 = colour */
  channels: number;
  data: DataConfig;
  /** is told, in a sentence, what is unusual but no error; a warning of the process when absent */
  onNotice?: (sentence: string) => void;
  /** up to so many bytes of pixels are held in memory, more are read from the cache; default 256 MiB */
  memory?: number;
}

/**
 * Opens pictures as samples of one shape. They are decoded once, into a cache in `$XDG_CACHE_HOME/rin/data` (else
 * `~/.cache/rin/data`), whose key is made from the contents of the files, their names, their classes and the options:
 * a copy of the source finds it, a changed source does not. Pictures that cannot be read are left out and listed.
 * @param source `emoji` for the built-in set, a folder of pictures, a tar archive, files of IDX or CIFAR or their folder,
 *     or what `convertData` wrote; or any of them as `findSource` found it
 * @throws {RinError} where there is no such source, it is damaged, or none of its pictures can be read
 */
export async function openDataset(source: string | FoundSource, options: OpenOptions): Promise<Dataset> {
  const { channels, data, memory = 2 ** 28, onNotice = (text) => process.emitWarning(text) } = options;
  options.signal?.throwIfAborted();
  const size = typeof options.size === 'number' ? [options.size, options.size] : options.size;
  const target: Target = { shape: [channels, ...size], resize: data.resize, background: data.background.toLowerCase() };
  checkShape(target.shape);
  const place = typeof source === 'string' ? source : source.place;
  const converted = place === builtIn ? undefined : openConverted(place, memory);
  if (converted?.shape.join() === target.shape.join()) return converted;
  converted?.close();
  const from = typeof source === 'string' ? await findSource(source, Math.max(...size), options) : source;
  if (from.notice !== undefined) onNotice(from.notice);
  const root = cacheFolder();
  let listing: Listing | undefined;
  try {
    let content = from.stamp && recall(root, from.stamp);
    if (!content) {
      listing = await from.list();
      content = await contentDigest(listing, options);
      if (from.stamp) await remember(root, from.stamp, content);
    }
    const fingerprint = fingerprintOf(content, target);
    const folder = join(root, fingerprint);
    const stored = intact(folder, from.name, memory, onNotice);
    if (stored) return stored;
    removeAbandoned(root);
    listing ??= await from.list();
    const { classes } = listing;
    const skipped: Skipped[] = [...listing.missing];
    const samples = decodeAll(listing, target, skipped, place, options);
    const { shape, ...how } = target;
    const facts = { shape, classes, fingerprint, origin: { content, ...how } };
    await writeStore(folder, samples, facts, () => skipped).catch((error) => {
      throw cannotWrite(error, root);
    });
    const written = openStore(folder, from.name, memory);
    if (!written) throw new RinError(`${folder} was removed while it was being written; start again`);
    return written;
  } finally {
    listing?.close();
  }
}

type Notice = (sentence: string) => void;

function intact(folder: string, name: string, memory: number, onNotice: Notice): Dataset | undefined {
  try {
    return openStore(folder, name, memory);
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error;
    rmSync(folder, { recursive: true, force: true });
    onNotice(`the cache ${folder} is damaged (${error.message}); the pictures are decoded again`);
    return undefined;
  }
}
