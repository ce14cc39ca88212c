import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DataConfig } from '../core/config/data.js';
import { RinError } from '../core/errors.js';
import { archiveSource } from './archive.js';
import { cacheFolder, recall, remember, removeAbandoned } from './cacheFolder.js';
import { cifarFolder, cifarSource, isCifar } from './cifar.js';
import type { Dataset } from './dataset.js';
import { checkShape, type Target } from './decode.js';
import { emojiSource } from './emoji.js';
import { folderSource } from './folder.js';
import { idxFolder, idxSource, isIdx } from './idx.js';
import { contentDigest, decodeAll } from './prepare.js';
import type { Watch } from './progress.js';
import type { Listing, Skipped, Source } from './source.js';
import { DamagedStore, openStore, sha256, writeStore } from './store.js';
import { whyNot } from './systemError.js';

export interface OpenOptions extends Watch {
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

/** Changes when decoding does, so that what an older version decoded is not used. */
const decoderVersion = 1;

/**
 * Opens pictures as samples of one shape. They are decoded once, into a cache in `$XDG_CACHE_HOME/rin/data` (else
 * `~/.cache/rin/data`), whose key is made from the contents of the files, their names, their classes and the options:
 * a copy of the source finds it, a changed source does not. Pictures that cannot be read are left out and listed.
 * @param source `emoji` for the built-in set, a folder of pictures, a tar archive, or files of IDX or CIFAR or their folder
 * @throws {RinError} where there is no such source, it is damaged, or none of its pictures can be read
 */
export async function openDataset(source: string, options: OpenOptions): Promise<Dataset> {
  const { channels, data, memory = 2 ** 28, onNotice = (text) => process.emitWarning(text) } = options;
  options.signal?.throwIfAborted();
  const size = typeof options.size === 'number' ? [options.size, options.size] : options.size;
  const target: Target = { shape: [channels, ...size], resize: data.resize, background: data.background.toLowerCase() };
  checkShape(target.shape);
  const from = await reading(source, () => findSource(source, Math.max(...size), options));
  if (from.notice !== undefined) onNotice(from.notice);
  const root = cacheFolder();
  let listing: Listing | undefined;
  try {
    let content = from.stamp && recall(root, from.stamp);
    if (!content) {
      listing = await reading(source, from.list);
      content = await contentDigest(listing, options);
      if (from.stamp) await remember(root, from.stamp, content);
    }
    const fingerprint = sha256(JSON.stringify([decoderVersion, content, target]));
    const folder = join(root, fingerprint);
    const stored = intact(folder, from.name, memory, onNotice);
    if (stored) return stored;
    removeAbandoned(root);
    listing ??= await reading(source, from.list);
    const { classes } = listing;
    const skipped: Skipped[] = [...listing.missing];
    const samples = decodeAll(listing, target, skipped, source, options);
    await writeStore(folder, samples, { shape: target.shape, classes, fingerprint }, () => skipped);
    const written = openStore(folder, from.name, memory);
    if (!written) throw new RinError(`${folder} was removed while it was being written; start again`);
    return written;
  } finally {
    listing?.close();
  }
}

/**
 * Names of the classes that `openDataset` finds in a source, without decoding a picture.
 * @throws {RinError} where there is no such source, or it is damaged
 */
export async function classNames(source: string, watch: Watch = {}): Promise<readonly string[]> {
  const from = await reading(source, () => findSource(source, 1, watch));
  const listing = await reading(source, from.list);
  listing.close();
  return listing.classes;
}

async function findSource(source: string, side: number, watch: Watch): Promise<Source> {
  if (source === 'emoji') return emojiSource(side);
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return idxFolder(source) ?? cifarFolder(source) ?? folderSource(source, watch);
  if (stats?.isFile()) {
    if (isIdx(source)) return idxSource(source);
    return isCifar(source) ? cifarSource(source) : archiveSource(source);
  }
  throw new RinError(`${source}: no such folder or file; "emoji" is the built-in set`);
}

/** Turns what the system says into a sentence. */
async function reading<T>(source: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = whyNot(error);
    throw reason ? new RinError(`cannot read ${source}: ${reason}`) : error;
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
