import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import { type Bytes, fileBytes, fileStamp, gzipEnd, memoryBytes, unpack } from './bytes.js';
import { resolveLabels } from './labels.js';
import { type Listing, mostPictures, numbered, type Source } from './source.js';

/** `train-images-idx3-ubyte`, `train-images.idx3-ubyte`, and the same with `.gz`. */
const imagesName = /^(.*images)[-.]idx3-ubyte(\.gz)?$/;

/** Whether a file is called as the pictures of MNIST are. */
export const isIdx = (path: string): boolean => imagesName.test(basename(path));

/**
 * The IDX files in a folder: the set for training where there are others beside it.
 * @param files names of the files in it
 * @returns undefined where there are none
 * @throws {RinError} where there are several, and none or more than one is for training
 */
export function idxFolder(folder: string, files: readonly string[]): Source | undefined {
  const names = files.filter(isIdx).sort();
  const sets = names.filter((name) => !(gzipEnd.test(name) && names.includes(name.replace(gzipEnd, ''))));
  if (sets.length === 0) return undefined;
  const training = sets.filter((name) => name.includes('train'));
  const [taken, another] = training.length > 0 ? training : sets;
  if (another !== undefined) {
    throw new RinError(
      `${folder}: several sets of pictures, such as ${taken} and ${another}; name one file as the data`,
    );
  }
  const others = sets.filter((name) => name !== taken);
  const notice = `${folder}: ${taken} is taken; to take others, name their file: ${others.join(', ')}`;
  return { ...idxSource(join(folder, taken)), name: basename(resolve(folder)), ...(others.length > 0 && { notice }) };
}

/**
 * Grey pictures in an IDX file, packed by gzip or not, as MNIST and its successors come. Classes are the numbers in the
 * file of labels that lies beside it, called the same with `labels-idx1`; without one there are no classes.
 * @throws {RinError} from `list`, where a file is damaged, cut short or of another kind, or the two do not belong together
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
      `${path}: ${count} labels, but there are ${images.extents[0]} pictures; they do not belong together`,
    );
  } finally {
    content.close();
  }
}

/** What a header may say of a packed file, in bytes; the largest set of EMNIST has 550 million. */
const mostUnpacked = 2 ** 30;

interface Idx {
  readonly content: Bytes;
  /** bytes before the values */
  readonly header: number;
  readonly extents: readonly number[];
}

/** Opens a file of unsigned bytes with so many dimensions, whose length is what its header says. */
async function openIdx(path: string, dimensions: number): Promise<Idx> {
  const header = 4 + 4 * dimensions;
  const isPacked = gzipEnd.test(path);
  const file = isPacked ? undefined : fileBytes(path);
  try {
    const extents = readHeader(file ? file.read(0, header) : await unpack(path, header), dimensions, path);
    const length = header + extents.reduce((product, extent) => product * extent);
    if (isPacked && length > mostUnpacked) {
      throw new RinError(`${path}: its header says ${length} bytes; unpack it (gzip -d) and name the unpacked file`);
    }
    // One byte more than expected tells that there is more.
    const content = file ?? memoryBytes(await unpack(path, length + 1));
    if (content.length < length) {
      throw new RinError(
        `${path}: cut short: it should have ${length} bytes and ends at ${content.length}; copy it again`,
      );
    }
    if (content.length > length) {
      throw new RinError(`${path}: damaged: it goes on behind the ${length} bytes that its header says; copy it again`);
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
      `${path}: no IDX file of unsigned bytes with ${dimensions} dimensions: it begins with ${start || 'nothing'}, expected 0000080${dimensions}`,
    );
  }
  const extents = Array.from({ length: dimensions }, (_, index) => bytes.readUInt32BE(4 + 4 * index));
  const [count, ...size] = extents;
  if (count > 0 && count <= mostPictures && size.every((extent) => extent > 0 && extent <= 0xffff)) return extents;
  throw new RinError(`${path}: damaged: its header says ${extents.join('×')}; expected 1 to ${mostPictures} pictures`);
}
