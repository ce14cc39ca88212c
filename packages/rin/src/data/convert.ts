import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { makeFolder } from '../disk/makeFolder.js';
import { WriteError } from '../disk/systemError.js';
import { change, removeAbandoned, writeWhole } from '../disk/wholeFiles.js';
import { encodePng } from '../media/png.js';
import { checkShape, type Target } from './decoding/decode.js';
import { decodeAll, inOrder, nothingDecoded, storeFacts } from './decoding/prepare.js';
import { findSource } from './find.js';
import type { DataOptions } from './progress.js';
import { byFolder, resolveLabels } from './sources/labels.js';
import { isHidden, type Listing, pictureEnd, type Skipped } from './sources/source.js';
import { type Sample, writeStore } from './store.js';
import { readHeaders } from './survey.js';
import { TarWriter } from './tarWriter.js';

/** The pictures that are written. */
export interface ConvertOptions extends DataOptions {
  /** [H, W] of the samples in pixels; what all pictures have, if absent */
  size?: readonly number[];
  /** 1 = grey, 3 = colour; what the pictures have, if absent */
  channels?: number;
  /** how pictures are brought to the size, as `data.resize` of a configuration */
  resize: DataConfig['resize'];
  /** `#rrggbb`, behind transparent pictures and beside those that `fit` */
  background: string;
}

/** What was written. */
export interface ConvertResult {
  /** how many */
  readonly pictures: number;
  /** [C, H, W] */
  readonly shape: readonly number[];
  /** pictures that were left out, each with the reason */
  readonly skipped: readonly Skipped[];
  /** sentences, a line each, if part of what was named is not taken or written */
  readonly notice?: string;
}

/**
 * Decodes the pictures of a source and writes them as samples of one shape: to a folder that is opened without decoding
 * (a cache to take along), or to a tar of PNG files `CLASS/NAME.png`. Either can be opened as data and gives the same samples.
 * The target is there whole or not at all.
 * @param source as for `openDataset`
 * @param target a name that ends with `.tar`, or the name of a folder; nothing may be there. Folders on the way are made
 * @throws {RinError} if something is there, there is no such source, pictures differ in size and none was given, or the
 *     target cannot be written
 */
export async function convertData(source: string, target: string, options: ConvertOptions): Promise<ConvertResult> {
  const path = join(dirname(target), basename(target)); // without the slash that may stand behind a folder
  refuseTaken(path);
  const from = await findSource(source, Math.max(...(options.size ?? [1])), options);
  const listing = await from.list();
  try {
    const shape = await shapeOf(listing, source, options);
    const how: Target = { shape, resize: options.resize, background: options.background.toLowerCase() };
    const decoded = nothingDecoded(listing);
    const samples = decodeAll(listing, how, decoded, source, options);
    await change('make', dirname(path), () => makeFolder(dirname(path)));
    await removeAbandoned(dirname(path), (name) => name === basename(path));
    const { classes } = listing;
    const notices = from.notice === undefined ? [] : [from.notice];
    if (/\.tar$/i.test(path)) {
      const empty = await writeTar(path, samples, classes, shape);
      if (empty.length > 0)
        notices.push(`${path}: without the classes that have no picture (${empty.join(', ')}); a folder keeps them`);
    } else {
      const told = () => storeFacts(decoded, how);
      if (!(await writeStore(path, samples, { shape, classes }, told))) throw taken(path);
    }
    const { skipped } = decoded;
    const pictures = listing.pictures.length + listing.missing.length - skipped.length;
    return { pictures, shape, skipped, ...(notices.length > 0 && { notice: notices.join('\n') }) };
  } catch (error) {
    throw error instanceof WriteError ? new WriteError(path, error.reason) : error;
  } finally {
    listing.close();
  }
}

const taken = (path: string): RinError => new RinError(`${path} is there already; take it away or give another name`);

/** @throws {RinError} if something has the name */
function refuseTaken(path: string): void {
  if (existsSync(path)) throw taken(path);
}

/** The shape that was asked for, completed by what the pictures have. */
async function shapeOf(listing: Listing, source: string, { size, channels, ...watch }: ConvertOptions) {
  if (size && channels !== undefined) {
    checkShape([channels, ...size]);
    return [channels, ...size];
  }
  const { headers } = await readHeaders(listing, watch);
  const { widths, heights, sizes, grey } = headers;
  if (!size && sizes.size > 1) {
    throw new RinError(
      `${source}: pictures of ${sizes.size} sizes, ${widths.least} to ${widths.most} wide and ${heights.least} to ${heights.most} high; give the size that all shall have`,
    );
  }
  const isGrey = grey > 0 && grey === [...sizes.values()].reduce((sum, times) => sum + times, 0);
  const shape = [channels ?? (isGrey ? 1 : 3), ...(size ?? [heights.most || 1, widths.most || 1])]; // where none can be read, decoding says why
  checkShape(shape);
  return shape;
}

/**
 * Folders are the classes if that tells the same labels; else a list inside does.
 * @returns classes without a picture, of which nothing in a tar can tell
 */
async function writeTar(
  path: string,
  samples: AsyncIterable<Sample>,
  classes: readonly string[],
  shape: readonly number[],
): Promise<string[]> {
  const files = new Map<string, number>(); // to the label of each
  await writeWhole(path, async (write) => {
    const archive = new TarWriter(write);
    const encode = async (sample: Sample) => ({ ...sample, png: await encodePng({ data: sample.pixels, shape }) });
    for await (const { name, label, png } of inOrder(samples, encode)) {
      const folder = label < 0 ? '' : `${isFolderName(classes[label]) ? classes[label] : label}/`;
      const file = freeName(folder + basename(name).replace(pictureEnd, ''), files);
      archive.add(file, png);
      files.set(file, label);
    }
    if (!areTold(files, classes, path)) archive.add('metadata.jsonl', labelList(files, classes));
    archive.finish();
    refuseTaken(path); // a file that got the name meanwhile would be replaced
  });
  const labels = new Set(files.values());
  return classes.filter((_, label) => !labels.has(label));
}

/** Whether the folders of the files tell the labels. */
function areTold(files: ReadonlyMap<string, number>, classes: readonly string[], path: string): boolean {
  const told = resolveLabels([...files.keys()].map(byFolder), path);
  return (
    told.classes.join('\0') === classes.join('\0') &&
    [...files.values()].every((label, index) => label === told.labels[index])
  );
}

/** The content of `metadata.jsonl`: a line for each file. */
function labelList(files: ReadonlyMap<string, number>, classes: readonly string[]): Uint8Array {
  const lines = Array.from(files, ([file_name, label]) =>
    JSON.stringify({ file_name, ...(label >= 0 && { label, class: classes[label] }) }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

/** Whether a class can be called by a folder. */
const isFolderName = (name: string): boolean => name !== '' && !name.includes('/') && !isHidden(name);

/** Two pictures may differ in nothing but what their names end with. */
function freeName(path: string, taken: ReadonlyMap<string, unknown>): string {
  for (let number = 1; ; number++) {
    const name = `${path}${number > 1 ? `-${number}` : ''}.png`;
    if (!taken.has(name)) return name;
  }
}
