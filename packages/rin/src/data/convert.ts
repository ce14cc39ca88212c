import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { makeFolder } from '../disk/makeFolder.js';
import { WriteError } from '../disk/systemError.js';
import { change, removeAbandoned, writeWhole } from '../disk/wholeFiles.js';
import { framesOf } from '../media/clip.js';
import { encodePng } from '../media/png.js';
import { type ClipTarget, clipContent, clipFacts, decodeClips } from './decoding/clips/decodeClips.js';
import { checkShape, type Target } from './decoding/decode.js';
import { decodeAll, inOrder, nothingDecoded, storeFacts } from './decoding/prepare.js';
import { type FoundClips, type FoundPictures, type FoundSource, findAny, findFor } from './find.js';
import type { DataOptions } from './progress.js';
import { recordingEnd } from './sources/gather.js';
import { byFolder, resolveLabels } from './sources/labels.js';
import type { RecordingListing } from './sources/recording.js';
import { isHidden, type Listing, numbered, pictureEnd, type Skipped } from './sources/source.js';
import { type Sample, type StoreFacts, writeStore } from './store.js';
import { readHeaders } from './survey.js';
import { TarWriter } from './tarWriter.js';

/** Options of `convertData`. */
export interface ConvertOptions extends DataOptions {
  /** [H, W] of the samples in pixels; default: the size of the pictures, if all have the same. [F, H, W] for clips */
  size?: readonly number[];
  /** 1 = grey, 3 = colour; default: grey if all pictures are grey */
  channels?: number;
  /** how pictures are scaled to the size, as `data.resize` in a configuration */
  resize: DataConfig['resize'];
  /** `#rrggbb`, behind transparent pixels, and around pictures that `fit` scales */
  background: string;
  /** frames per second of clips, as `data.frameRate` in a configuration */
  frameRate?: number;
  /** frames from the start of a clip to the next, as `data.stride` in a configuration */
  stride?: number;
}

/** Result of `convertData`. */
export interface ConvertResult {
  /** number of samples written: pictures or clips */
  readonly pictures: number;
  /** [C, H, W], or [C, F, H, W] for clips */
  readonly shape: readonly number[];
  /** pictures that were skipped, each with the reason */
  readonly skipped: readonly Skipped[];
  /** sentences, one on each line, if a part of the source is not used or not written */
  readonly notice?: string;
}

/**
 * Decodes the pictures of a source and writes them as samples of one shape. The target is a folder of decoded samples,
 * or a tar of PNG files `CLASS/NAME.png`; for clips, of folders `CLASS/NAME` with a PNG for each frame. `openDataset` reads both, with the same samples; the folder needs no
 * decoding. The target is written completely or not at all.
 * @param source as for `openDataset`
 * @param target path of a tar if it ends with `.tar`, else of a folder. It must not exist; its missing parents are made
 * @throws RinError if the source does not exist or is damaged, or the target exists or cannot be written
 * @throws RinError if pictures differ in size and `size` is absent
 */
export async function convertData(source: string, target: string, options: ConvertOptions): Promise<ConvertResult> {
  const path = join(dirname(target), basename(target)); // without a slash at the end
  refuseTaken(path);
  const from = await find(source, options);
  if (from.medium === 'sound') throw new RinError(`${source}: sounds cannot be converted; train on them directly`);
  if (from.medium === 'clip' && from.built)
    throw new RinError(`${source}: its clips are made when they are needed, and never end; train on it by its name`);
  const { listing, work } = await (from.medium === 'clip' ? workOnClips(from, options) : workOnPictures(from, options));
  try {
    await change('make', dirname(path), () => makeFolder(dirname(path)));
    await removeAbandoned(dirname(path), (name) => name === basename(path));
    const { classes } = listing;
    const { shape, skipped } = work;
    const notices = from.notice === undefined ? [] : [from.notice];
    let pictures = 0;
    const samples = counted(work.samples, () => pictures++);
    if (/\.tar$/i.test(path)) {
      const empty = await writeTar(path, samples, classes, shape);
      if (empty.length > 0)
        notices.push(`${path}: a tar cannot keep classes without pictures (${empty.join(', ')}); a folder can`);
    } else if (!(await writeStore(path, samples, { shape, classes }, work.told))) throw taken(path);
    return { pictures, shape, skipped, ...(notices.length > 0 && { notice: notices.join('\n') }) };
  } catch (error) {
    throw error instanceof WriteError ? new WriteError(path, error.reason) : error;
  } finally {
    listing.close();
  }
}

/** The source in the medium of the size. Sounds are found with every size, so that the error names them. */
async function find(source: string, options: ConvertOptions): Promise<FoundSource> {
  if (!options.size) return findAny(source, options);
  try {
    return await findFor(source, options.size, options);
  } catch (error) {
    const seen = error instanceof RinError ? await findAny(source, options).catch(() => undefined) : undefined;
    if (seen?.medium === 'sound') return seen;
    throw error;
  }
}

/** Samples that are being made. */
interface Work {
  readonly shape: readonly number[];
  readonly samples: AsyncIterable<Sample>;
  /** complete after the last sample */
  readonly skipped: readonly Skipped[];
  told(): StoreFacts;
}

async function workOnPictures(from: FoundPictures, options: ConvertOptions): Promise<{ listing: Listing; work: Work }> {
  const listing = await from.list();
  try {
    const shape = await shapeOf(listing, from.place, options);
    const target: Target = { shape, resize: options.resize, background: options.background.toLowerCase() };
    const decoded = nothingDecoded(listing);
    const samples = decodeAll(listing, target, decoded, from.place, options);
    return { listing, work: { shape, samples, skipped: decoded.skipped, told: () => storeFacts(decoded, target) } };
  } catch (error) {
    listing.close();
    throw error;
  }
}

async function workOnClips(
  from: FoundClips,
  { size, channels = 3, resize, background, frameRate, stride, ...watch }: ConvertOptions,
): Promise<{ listing: RecordingListing; work: Work }> {
  if (!size) throw new RinError(`${from.place}: clips need a size, such as --size 16,32,32`);
  const shape = [channels, ...size];
  checkShape(shape);
  const target: ClipTarget = { shape, resize, background: background.toLowerCase(), frameRate, stride };
  const listing = await from.list();
  const content = await clipContent(listing, from.place, watch);
  const skipped = [...listing.missing];
  const samples = decodeClips(listing, target, skipped, from.place, watch);
  return { listing, work: { shape, samples, skipped, told: () => clipFacts(content, target, skipped) } };
}

async function* counted(samples: AsyncIterable<Sample>, step: () => void): AsyncGenerator<Sample> {
  for await (const sample of samples) {
    step();
    yield sample;
  }
}

const taken = (path: string): RinError => new RinError(`${path} already exists; remove it or choose another name`);

/** @throws RinError if the path exists */
function refuseTaken(path: string): void {
  if (existsSync(path)) throw taken(path);
}

/** The shape from the options. Absent parts come from the pictures. @throws RinError if their sizes differ */
async function shapeOf(listing: Listing, source: string, { size, channels, ...watch }: ConvertOptions) {
  if (size && channels !== undefined) {
    checkShape([channels, ...size]);
    return [channels, ...size];
  }
  const { headers } = await readHeaders(listing, watch);
  const { widths, heights, sizes, grey } = headers;
  if (!size && sizes.size > 1) {
    throw new RinError(
      `${source}: pictures of ${sizes.size} sizes, ${widths.least} to ${widths.most} wide and ${heights.least} to ${heights.most} high; give one size for all`,
    );
  }
  const isGrey = grey > 0 && grey === [...sizes.values()].reduce((sum, times) => sum + times, 0);
  const shape = [channels ?? (isGrey ? 1 : 3), ...(size ?? [heights.most || 1, widths.most || 1])]; // if no picture can be read, decoding reports why
  checkShape(shape);
  return shape;
}

/**
 * Writes a tar. Its folders are the classes if they give the same labels. Otherwise a list in it has the labels.
 * @returns classes without a picture, which a tar cannot keep
 */
async function writeTar(
  path: string,
  samples: AsyncIterable<Sample>,
  classes: readonly string[],
  shape: readonly number[],
): Promise<string[]> {
  const files = new Map<string, number>(); // label by path
  await writeWhole(path, async (write) => {
    const archive = new TarWriter(write);
    const isClip = shape.length === 4;
    const end = isClip ? '' : '.png';
    const encode = async (sample: Sample) => ({ ...sample, pngs: await encoded(sample.pixels, shape) });
    for await (const { name, label, pngs } of inOrder(samples, encode)) {
      const folder = label < 0 ? '' : `${isFolderName(classes[label]) ? classes[label] : label}/`;
      const file = freeName(folder + basename(name).replace(isClip ? recordingEnd : pictureEnd, ''), end, files);
      for (const [frame, png] of pngs.entries())
        archive.add(isClip ? `${file}/${numbered(frame, pngs.length)}.png` : file, png);
      files.set(file, label);
    }
    if (!areTold(files, classes, path)) archive.add('metadata.jsonl', labelList(files, classes));
    archive.finish();
    refuseTaken(path); // otherwise a file created meanwhile would be replaced
  });
  const labels = new Set(files.values());
  return classes.filter((_, label) => !labels.has(label));
}

/** A sample as PNG files: one for a picture, one for each frame of a clip. */
function encoded(data: Uint8Array, shape: readonly number[]): Promise<Uint8Array[]> {
  const frames = shape.length === 4 ? framesOf({ data, shape }) : [{ data, shape }];
  return Promise.all(frames.map(encodePng));
}

/** Whether the folders of the files give the same labels and classes. */
function areTold(files: ReadonlyMap<string, number>, classes: readonly string[], path: string): boolean {
  const told = resolveLabels([...files.keys()].map(byFolder), path);
  return (
    told.classes.join('\0') === classes.join('\0') &&
    [...files.values()].every((label, index) => label === told.labels[index])
  );
}

/** The content of `metadata.jsonl`: one line for each file. */
function labelList(files: ReadonlyMap<string, number>, classes: readonly string[]): Uint8Array {
  const lines = Array.from(files, ([file_name, label]) =>
    JSON.stringify({ file_name, ...(label >= 0 && { label, class: classes[label] }) }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

/** Whether a class name can be the name of a folder. */
const isFolderName = (name: string): boolean => name !== '' && !name.includes('/') && !isHidden(name);

/** A path that is not taken. Two pictures may have names that differ only in the suffix, and a video has many clips. */
function freeName(path: string, end: string, taken: ReadonlyMap<string, unknown>): string {
  for (let number = 1; ; number++) {
    const name = `${path}${number > 1 ? `-${number}` : ''}${end}`;
    if (!taken.has(name)) return name;
  }
}
