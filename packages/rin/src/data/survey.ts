import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { cacheFolder, recall } from './cacheFolder.js';
import { attempted } from './decoding/attempts.js';
import { type Header, readHeader } from './decoding/header.js';
import { contentDigest, inOrder, type Loaded, loaded, reasonOf } from './decoding/prepare.js';
import { findSource } from './find.js';
import { median } from './median.js';
import { type DataOptions, stepper } from './progress.js';
import type { Listing, Picture, Skipped } from './sources/source.js';
import { type Origin, readIndex } from './storeIndex.js';
import { type PictureTraits, pictureTraits } from './traits.js';

/** The content of a source, as far as it is known without decoding all pictures. */
export interface Survey {
  /** name in messages and runs */
  readonly name: string;
  /** sentences, one on each line, if a part of the source is not used: how many files are ignored, and which */
  readonly notice?: string;
  readonly pictures: number;
  /** in the order of their labels */
  readonly classes: readonly { readonly name: string; readonly pictures: number }[];
  readonly headers: PictureHeaders;
  /** the sort of the pictures, judged by a few of them; absent if none of those can be read */
  readonly traits?: PictureTraits;
  /** pictures that cannot be used, according to their header or the source's own list */
  readonly skipped: readonly Skipped[];
  /** caches of this source */
  readonly caches: readonly CachedData[];
}

/** The facts in the headers of pictures. EXIF orientations are applied. */
export interface PictureHeaders {
  /** pictures by format, the most frequent first; `pixels` if they are not encoded */
  readonly formats: ReadonlyMap<string, number>;
  /** pictures by `WIDTH×HEIGHT`, the most frequent first */
  readonly sizes: ReadonlyMap<string, number>;
  readonly widths: PixelSpread;
  readonly heights: PixelSpread;
  /** number of pictures without colour */
  readonly grey: number;
}

/** In pixels. */
export interface PixelSpread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** Decoded samples of a source in the cache. */
export interface CachedData extends Omit<Origin, 'content'> {
  readonly folder: string;
  /** [C, H, W], or [C, F, H, W] for clips */
  readonly shape: readonly number[];
  /** bytes of pixels */
  readonly bytes: number;
}

/**
 * Counts the pictures of a source by class, format and size, from their headers. A few of them are decoded.
 * @param source as for `openDataset`
 * @throws RinError if the source does not exist, is damaged or has no pictures
 */
export async function surveyData(source: string, watch: DataOptions = {}): Promise<Survey> {
  const from = await findSource(source, 1, watch);
  const listing = await from.list();
  try {
    const counts = new Uint32Array(listing.classes.length);
    for (const { label } of listing.pictures) if (label >= 0) counts[label]++;
    const { headers, unreadable } = await readHeaders(listing, watch);
    const traits = await pictureTraits(listing, watch);
    const content = from.stamp ? recall(cacheFolder(), from.stamp) : await contentDigest(listing, source, watch);
    return {
      name: from.name,
      notice: from.notice,
      pictures: listing.pictures.length,
      classes: listing.classes.map((name, label) => ({ name, pictures: counts[label] })),
      headers,
      ...(traits && { traits }),
      skipped: [...listing.missing, ...unreadable],
      caches: content ? cachesOf(content) : [],
    };
  } finally {
    listing.close();
  }
}

/**
 * Reads the header of every picture. Decoding refuses the same pictures for the same reasons.
 * @returns the facts in the headers, and the pictures without a usable header
 */
export async function readHeaders({ pictures, shape, render }: Listing, watch: DataOptions) {
  const step = stepper('reading', pictures.length, watch);
  const formats = new Map<string, number>();
  const sizes = new Map<string, number>();
  const unreadable: Skipped[] = [];
  let grey = 0;
  const one = async ({ picture, bytes, done }: Loaded): Promise<Seen | Skipped> => {
    if (shape) return { format: 'pixels', width: shape[2], height: shape[1], isGrey: shape[0] === 1 };
    try {
      const encoded = render ? await render(bytes()) : bytes();
      return await attempted(() => readHeader(encoded));
    } catch (error) {
      return { name: picture.name, reason: reasonOf(error) };
    } finally {
      done();
    }
  };
  for await (const header of inOrder(shape ? unread(pictures) : loaded(pictures), one)) {
    if ('reason' in header) unreadable.push(header);
    else {
      count(formats, header.format);
      count(sizes, `${header.width}×${header.height}`);
      grey += Number(header.isGrey);
    }
    if (step(unreadable.length)) await turn();
  }
  const spreads = [0, 1].map((axis) =>
    spread([...sizes].map(([size, times]) => [Number(size.split('×')[axis]), times])),
  );
  const headers: PictureHeaders = {
    formats: byFrequency(formats),
    sizes: byFrequency(sizes),
    widths: spreads[0],
    heights: spreads[1],
    grey,
  };
  return { headers, unreadable };
}

type Seen = Pick<Header, 'format' | 'width' | 'height' | 'isGrey'>;

/** Pictures of one known shape, which need not be read. */
function* unread(pictures: readonly Picture[]): Generator<Loaded> {
  for (const picture of pictures) yield { picture, bytes: () => picture.read(), done() {} };
}

const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
const byFrequency = (map: ReadonlyMap<string, number>) => new Map([...map].sort(([, a], [, b]) => b - a));

/** @param values each with its number of occurrences */
function spread(values: readonly (readonly [value: number, times: number])[]): PixelSpread {
  const [first = 0, ...others] = values.map(([value]) => value);
  const within = (pick: (a: number, b: number) => number) => others.reduce((a, b) => pick(a, b), first);
  return { least: within(Math.min), median: median(values), most: within(Math.max) };
}

/** The caches that were decoded from these contents. */
export function cachesOf(content: string): CachedData[] {
  const root = cacheFolder();
  return (existsSync(root) ? readdirSync(root) : []).flatMap((name) => {
    if (name.endsWith('.part')) return []; // half written
    const folder = join(root, name);
    try {
      const { shape, origin } = readIndex(folder);
      const { content: own, ...how } = origin;
      const bytes = statSync(join(folder, 'pixels.bin')).size;
      return own === content ? [{ folder, shape, ...how, bytes }] : [];
    } catch {
      return []; // no cache, or a damaged cache, which will be made again
    }
  });
}
