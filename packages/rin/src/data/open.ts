import { join } from 'node:path';
import { RinError } from '@rin/core';
import { type DataConfig, soundRate } from '../config/data.js';
import { remove } from '../disk/wholeFiles.js';
import { isBuiltIn } from './builtIn.js';
import { cacheFolder, cannotWrite, forget, recall, remember, sweepCache } from './cacheFolder.js';
import { type Dataset, mostInMemory } from './dataset.js';
import { type ClipTarget, clipContent, clipFacts, clipFingerprint, decodeClips } from './decoding/clips/decodeClips.js';
import { checkShape, type Target } from './decoding/decode.js';
import { contentDigest, decodeAll, fingerprintOf, nothingDecoded, storeFacts } from './decoding/prepare.js';
import { decodeSounds, type SoundTarget, soundFacts, soundFingerprint } from './decoding/sounds/decodeSounds.js';
import { type FoundSource, findFor } from './find.js';
import type { DataOptions } from './progress.js';
import type { RecordingListing } from './sources/recording.js';
import type { Listing, Skipped } from './sources/source.js';
import { FormerStore, openStore, type Sample, type StoreFacts, writeStore } from './store.js';
import { DamagedStore } from './storeIndex.js';
import { openConverted } from './storeSource.js';

/** Options of `openDataset`. */
export interface OpenOptions extends DataOptions {
  /** [H, W] in pixels, or a number for a square picture; [F, H, W] for clips of F frames; [L] for sounds of L values */
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
 * If the size has one axis, the samples are sounds: WAV files, as μ-law companded values.
 * If the size has three axes, the samples are clips. Then a source has videos, animations and folders of frames (see
 * `gather`). A long video becomes several clips.
 * @param source a folder of pictures, a tar archive, a file of IDX or CIFAR, a folder of such files, or the output of
 *     `convertData`. `emoji`, `bouncing` and `tones` are built-in sets. A result of `findSource` saves the search
 * @throws RinError if the source does not exist, is damaged, or changes while it is read
 * @throws RinError if no picture can be read, the shape does not fit pictures, or the cache cannot be written
 */
export async function openDataset(source: string | FoundSource, options: OpenOptions): Promise<Dataset> {
  const { channels, data, memory = mostInMemory, onNotice = (text) => process.emitWarning(text) } = options;
  options.signal?.throwIfAborted();
  const size = typeof options.size === 'number' ? [options.size, options.size] : options.size;
  const shape = [channels, ...size];
  checkShape(shape);
  const place = typeof source === 'string' ? source : source.place;
  const converted = isBuiltIn(place) ? undefined : openConverted(place, memory);
  if (converted?.shape.join() === shape.join()) return converted;
  converted?.close();
  const from = typeof source === 'string' ? await findFor(source, size, options) : source;
  for (const sentence of from.notice?.split('\n') ?? []) onNotice(sentence);
  const how = { resize: data.resize, background: data.background.toLowerCase() };
  if (from.medium === 'picture') {
    if (size.length !== 2) throw misfit(from.place, 'pictures', size);
    return openCached(from, pictureWork({ shape, ...how }, place, options), { place, memory, onNotice, ...options });
  }
  if (from.medium === 'sound') {
    if (size.length !== 1) throw misfit(from.place, 'sounds', size);
    const sounds = { shape, rate: soundRate(data), stride: data.stride };
    if (from.built) return from.built(shape, sounds.rate);
    return openCached(from, soundWork(sounds, data, place, options), { place, memory, onNotice, ...options });
  }
  if (size.length !== 3) throw misfit(from.place, 'clips', size);
  if (from.built) return from.built(shape, how.background);
  const target = { shape, ...how, frameRate: data.frameRate, stride: data.stride };
  return openCached(from, clipWork(target, place, options), { place, memory, onNotice, ...options });
}

const misfit = (place: string, what: string, size: readonly number[]) =>
  new RinError(`${place}: it has ${what}, but the samples are [${size.join(', ')}]; change model.size`);

/** How a source becomes samples. L: what it lists. */
interface Work<L> {
  readonly shape: readonly number[];
  /** digest of the contents */
  digest(listing: L): Promise<string>;
  /** name of the cache */
  fingerprint(content: string): string;
  /** the samples; at their end, `told` gives the facts, or undefined if the contents have changed */
  decode(listing: L, content: string): { samples: AsyncIterable<Sample>; told(): Promise<StoreFacts | undefined> };
}

function pictureWork(target: Target, place: string, options: DataOptions): Work<Listing> {
  return {
    shape: target.shape,
    digest: (listing) => contentDigest(listing, place, options),
    fingerprint: (content) => fingerprintOf(content, target),
    decode(listing, content) {
      const decoded = nothingDecoded(listing);
      return {
        samples: decodeAll(listing, target, decoded, place, options),
        told: async () => (decoded.content.value === content ? storeFacts(decoded, target) : undefined),
      };
    },
  };
}

/** What clips and sounds have in common: one listing of recordings, each of which becomes any number of samples. */
function recordingWork(
  { shape }: Pick<Target, 'shape'>,
  place: string,
  options: DataOptions,
  medium: {
    fingerprint(content: string): string;
    samples(listing: RecordingListing, skipped: Skipped[]): AsyncIterable<Sample>;
    facts(content: string, skipped: Skipped[]): StoreFacts;
  },
): Work<RecordingListing> {
  const digest = (listing: RecordingListing) => clipContent(listing, place, options);
  return {
    ...{ shape, digest, fingerprint: medium.fingerprint },
    decode(listing, content) {
      const skipped = [...listing.missing];
      return {
        samples: medium.samples(listing, skipped),
        told: async () => ((await digest(listing)) === content ? medium.facts(content, skipped) : undefined),
      };
    },
  };
}

const clipWork = (target: ClipTarget, place: string, options: DataOptions): Work<RecordingListing> =>
  recordingWork(target, place, options, {
    fingerprint: (content) => clipFingerprint(content, target),
    samples: (listing, skipped) => decodeClips(listing, target, skipped, place, options),
    facts: (content, skipped) => clipFacts(content, target, skipped),
  });

const soundWork = (target: SoundTarget, data: DataConfig, place: string, options: DataOptions) =>
  recordingWork(target, place, options, {
    fingerprint: (content) => soundFingerprint(content, target),
    samples: (listing, skipped) => decodeSounds(listing, target, skipped, place, options),
    facts: (content, skipped) => soundFacts(content, target, data, skipped),
  });

/** What can be listed and closed. */
interface Listed {
  readonly classes: readonly string[];
  close(): void;
}

interface CacheOptions extends DataOptions {
  readonly place: string;
  readonly memory: number;
  readonly onNotice: Notice;
}

/** Opens the samples of a source from the cache. Absent samples are decoded into it first. */
async function openCached<L extends Listed>(
  from: { readonly name: string; readonly stamp?: string; list(): Promise<L> },
  work: Work<L>,
  { place, memory, onNotice }: CacheOptions,
): Promise<Dataset> {
  const root = cacheFolder();
  let listing: L | undefined;
  try {
    let content = from.stamp && recall(root, from.stamp);
    if (!content) {
      listing = await from.list();
      content = await work.digest(listing);
      if (from.stamp) await remember(root, from.stamp, content);
    }
    const folder = join(root, work.fingerprint(content));
    const stored = await fromCache(folder, from.name, memory, onNotice);
    if (stored) return stored;
    listing ??= await from.list();
    await sweepCache(root);
    const { samples, told } = work.decode(listing, content);
    await writeStore(folder, samples, { shape: work.shape, classes: listing.classes }, async () => {
      const facts = await told();
      if (facts) return facts;
      if (from.stamp) forget(root, from.stamp);
      throw new RinError(`${place} changed while it was read; start again when nothing writes there`);
    });
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
    notice(`the cache ${folder} is ${why}; the data are decoded again`);
    return undefined;
  }
}
