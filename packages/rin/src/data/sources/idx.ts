import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import { type Bytes, fileBytes, fileStamp, gzipEnd, memoryBytes, unpack } from './bytes.js';
import { resolveLabels } from './labels.js';
import { type Listing, mostPictures, numbered, type Source } from './source.js';

/** `train-images-idx3-ubyte`, `train-images.idx3-ubyte`, and the same with `.gz`. */
const imagesName = /^(.*images)[-.]idx3-ubyte(\.gz)?$/;

/** Whether a file has a name like the pictures of MNIST. */
export const isIdx = (path: string): boolean => imagesName.test(basename(path));

/**
 * The IDX files in a folder. If there are several sets, it is the training set.
 * @param files names of the files in the folder
 * @returns undefined if there are no IDX files
 * @throws RinError if there are several sets, and not exactly one is for training
 */
export function idxFolder(folder: string, files: readonly string[]): Source | undefined {
  const names = files.filter(isIdx).sort();
  const sets = names.filter((name) => !(gzipEnd.test(name) && names.includes(name.replace(gzipEnd, ''))));
  if (sets.length === 0) return undefined;
  const training = sets.filter((name) => name.includes('train'));
  const [taken, another] = training.length > 0 ? training : sets;
  if (another !== undefined) {
    throw new RinError(
      `${folder}: several sets of pictures, such as ${taken} and ${another}; use one file as the data`,
    );
  }
  const others = sets.filter((name) => name !== taken);
  const notice = `${folder}: rin uses ${taken}; to use another file, name it: ${others.join(', ')}`;
  return { ...idxSource(join(folder, taken)), name: basename(resolve(folder)), ...(others.length > 0 && { notice }) };
}

/**
 * Grey pictures in an IDX file, with or without gzip: the format of MNIST and its successors. Classes are the numbers
 * in the file of labels next to it. Its name has `labels-idx1` in place of `images-idx3`. Without this file, there are
 * no classes.
 * @throws RinError from `list`, if a file is damaged, cut short or of another format, or the numbers of labels and
 *     pictures differ
 */
export function idxSource(path: string): Source {
  const labels = labelsBeside(path);
  return {
    name: basename(path).replace(imagesName, '$1'),
    stamp: [path, ...(labels ? [labels] : [])].map(fileStamp).join(' '),
    async list() {
      const images = await openIdx(path, 3);
      try {
        return listIdx(images, labels === undefined ? undefined : await readLabels(labels, images), path);
      } catch (error) {
        images.content.close();
        throw error;
      }
    },
  };
}

function labelsBeside(path: string): string | undefined {
  const name = basename(path).replace('images', 'labels').replace('idx3', 'idx1').replace(gzipEnd, '');
  return [name, `${name}.gz`].map((each) => join(dirname(path), each)).find((each) => existsSync(each));
}

function listIdx({ content, header, extents }: Idx, labels: Buffer | undefined, where: string): Listing {
  const [count, height, width] = extents;
  const size = height * width;
  const resolved =
    labels &&
    resolveLabels(
      [...labels].map((number) => ({ number })),
      where,
    );
  const pictures = Array.from({ length: count }, (_, index) => ({
    name: numbered(index, count),
    label: resolved?.labels[index] ?? -1,
    read: () => content.read(header + index * size, size),
  }));
  return {
    pictures,
    classes: resolved?.classes ?? [],
    missing: [],
    shape: [1, height, width],
    close: () => content.close(),
  };
}

async function readLabels(path: string, images: Idx): Promise<Buffer> {
  const { content, header, extents } = await openIdx(path, 1);
  try {
    const [count] = extents;
    if (count === images.extents[0]) return content.read(header, count);
    throw new RinError(
      `${path}: ${count} labels, but there are ${images.extents[0]} pictures; use the labels of these pictures`,
    );
  } finally {
    content.close();
  }
}

/** Limit in bytes for unpacking, according to the header. The largest set of EMNIST has 550 million. */
const mostUnpacked = 2 ** 30;

interface Idx {
  readonly content: Bytes;
  /** bytes before the values */
  readonly header: number;
  readonly extents: readonly number[];
}

/**
 * Opens a file of unsigned bytes with this number of dimensions.
 * @throws RinError if its length differs from its header
 */
async function openIdx(path: string, dimensions: number): Promise<Idx> {
  const header = 4 + 4 * dimensions;
  const isPacked = gzipEnd.test(path);
  const file = isPacked ? undefined : fileBytes(path);
  try {
    const extents = readHeader(file ? file.read(0, header) : await unpack(path, header), dimensions, path);
    const length = header + extents.reduce((product, extent) => product * extent);
    if (isPacked && length > mostUnpacked) {
      throw new RinError(
        `${path}: its header says ${length} bytes, expected at most ${mostUnpacked}; unpack it (gzip -d) and use the unpacked file`,
      );
    }
    // One extra byte shows that the file is too long.
    const content = file ?? memoryBytes(await unpack(path, length + 1));
    if (content.length < length) {
      throw new RinError(`${path}: cut short: it has ${content.length} bytes, expected ${length}; copy it again`);
    }
    if (content.length > length) {
      throw new RinError(
        `${path}: damaged: it is longer than ${length} bytes, the length in its header; copy it again`,
      );
    }
    return { content, header, extents };
  } catch (error) {
    file?.close();
    throw error;
  }
}

function readHeader(bytes: Buffer, dimensions: number, path: string): number[] {
  if (bytes.length < 4 + 4 * dimensions || bytes.readUInt32BE(0) !== 0x800 + dimensions) {
    const start = bytes.subarray(0, 4).toString('hex');
    throw new RinError(
      `${path}: not an IDX file of unsigned bytes with ${dimensions} dimensions: it begins with ${start || 'nothing'}, expected 0000080${dimensions}`,
    );
  }
  const extents = Array.from({ length: dimensions }, (_, index) => bytes.readUInt32BE(4 + 4 * index));
  const [count, ...size] = extents;
  if (count > 0 && count <= mostPictures && size.every((extent) => extent > 0 && extent <= 0xffff)) return extents;
  throw new RinError(`${path}: damaged: its header says ${extents.join('×')}; expected 1 to ${mostPictures} pictures`);
}
