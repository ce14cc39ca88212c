import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { makeFolder } from '../disk/makeFolder.js';
import { whyNot } from '../disk/systemError.js';
import { encodePng } from '../media/imageFiles.js';
import { checkShape, type Target } from './decoding/decode.js';
import { contentDigest, decodeAll, fingerprintOf, inOrder } from './decoding/prepare.js';
import { findSource } from './find.js';
import type { DataOptions } from './progress.js';
import { byFolder, resolveLabels } from './sources/labels.js';
import { isHidden, type Listing, pictureEnd, type Skipped } from './sources/source.js';
import { type Sample, writeStore } from './store.js';
import { readHeaders } from './survey.js';
import { TarWriter } from './tarWriter.js';

/** The pictures that are written. */
export interface ConvertOptions extends DataOptions {
  /** [H, W] of the samples; what all pictures have, where absent */
  size?: readonly number[];
  /** 1 = grey, 3 = colour; what the pictures have, where absent */
  channels?: number;
  resize: DataConfig['resize'];
  /** `#rrggbb`, behind transparent pictures and beside those that `fit` */
  background: string;
}

/** What was written. */
export interface ConvertResult {
  readonly pictures: number;
  /** [C, H, W] */
  readonly shape: readonly number[];
  readonly skipped: readonly Skipped[];
  /** sentences, a line each, where part of what was named is not taken or written */
  readonly notice?: string;
}

/**
 * Decodes the pictures of a source and writes them as samples of one shape: to a folder that is opened without decoding
 * (a cache to take along), or to a tar of PNG files `CLASS/NAME.png`. Either can be opened as data and gives the same samples.
 * @param source as for `openDataset`
 * @param target a name that ends with `.tar`, or the name of a folder; nothing may be there
 * @throws {RinError} where it is, or where the source is none; or where pictures differ in size and none was given
 */
export async function convertData(source: string, target: string, options: ConvertOptions): Promise<ConvertResult> {
  const path = join(dirname(target), basename(target)); // without the slash that may stand behind a folder
  if (existsSync(path)) throw taken(path);
  const from = await findSource(source, Math.max(...(options.size ?? [1])), options);
  const listing = await from.list();
  try {
    const shape = await shapeOf(listing, source, options);
    const how: Target = { shape, resize: options.resize, background: options.background.toLowerCase() };
    const skipped: Skipped[] = [...listing.missing];
    const samples = decodeAll(listing, how, skipped, source, options);
    await makeFolder(dirname(path));
    const notices = from.notice === undefined ? [] : [from.notice];
    if (/\.tar$/i.test(path)) {
      const empty = await writeTar(path, samples, listing.classes, shape);
      if (empty.length > 0)
        notices.push(`${path}: without the classes that have no picture (${empty.join(', ')}); a folder keeps them`);
    } else {
      const content = await contentDigest(listing, options);
      const { classes } = listing;
      const { resize, background } = how;
      const facts = {
        shape,
        classes,
        fingerprint: fingerprintOf(content, how),
        origin: { content, resize, background },
      };
      if (!(await writeStore(path, samples, facts, () => skipped))) throw taken(path);
    }
    const pictures = listing.pictures.length + listing.missing.length - skipped.length;
    return { pictures, shape, skipped, ...(notices.length > 0 && { notice: notices.join('\n') }) };
  } catch (error) {
    const reason = whyNot(error);
    throw reason ? new RinError(`cannot write ${path}: ${reason}`) : error;
  } finally {
    listing.close();
  }
}

const taken = (path: string): RinError => new RinError(`${path} is there already; take it away or give another name`);

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
 * Folders are the classes where that tells the same labels; else a list inside does.
 * @returns classes without a picture, of which nothing in a tar can tell
 */
async function writeTar(
  path: string,
  samples: AsyncIterable<Sample>,
  classes: readonly string[],
  shape: readonly number[],
): Promise<string[]> {
  const archive = new TarWriter(path);
  const files = new Map<string, number>(); // to the label of each
  try {
    const encode = async (sample: Sample) => ({ ...sample, png: await encodePng({ data: sample.pixels, shape }) });
    for await (const { name, label, png } of inOrder(samples, encode)) {
      const folder = label < 0 ? '' : `${isFolderName(classes[label]) ? classes[label] : label}/`;
      const file = freeName(folder + basename(name).replace(pictureEnd, ''), files);
      archive.add(file, png);
      files.set(file, label);
    }
    const told = resolveLabels([...files.keys()].map(byFolder), path);
    const isTold =
      told.classes.join('\0') === classes.join('\0') &&
      [...files.values()].every((label, index) => label === told.labels[index]);
    if (!isTold) {
      const lines = Array.from(files, ([file_name, label]) =>
        JSON.stringify({ file_name, ...(label >= 0 && { label, class: classes[label] }) }),
      );
      archive.add('metadata.jsonl', Buffer.from(`${lines.join('\n')}\n`));
    }
    archive.finish();
    const labels = new Set(files.values());
    return classes.filter((_, label) => !labels.has(label));
  } catch (error) {
    archive.discard();
    throw error;
  }
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
