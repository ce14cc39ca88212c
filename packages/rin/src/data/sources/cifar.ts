import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { type Bytes, fileStamp, gzipEnd, openBytes } from './bytes.js';
import { type Listing, mostPictures, numbered, type Picture, type Source } from './source.js';

/** CIFAR-10 or CIFAR-100 in the binary version: records of labels, then pixels [3, 32, 32]. */
interface Kind {
  readonly title: string;
  /** bytes before the pixels; the last byte is the label (the fine label in CIFAR-100) */
  readonly labels: number;
  readonly classes: number;
  /** text file with one class name on each line */
  readonly names: string;
  readonly training: RegExp;
}
const kinds: readonly Kind[] = [
  { title: 'CIFAR-10', labels: 1, classes: 10, names: 'batches.meta.txt', training: /^data_batch_\d+\.bin(\.gz)?$/ },
  { title: 'CIFAR-100', labels: 2, classes: 100, names: 'fine_label_names.txt', training: /^train\.bin(\.gz)?$/ },
];
const shape = [3, 32, 32];
const pixels = 3 * 32 * 32;
const recordSize = ({ labels }: Kind) => labels + pixels;

/** The suffix of batches, with or without gzip. */
const binEnd = /\.bin(\.gz)?$/i;

/** Whether a file has the suffix of CIFAR batches. */
export const isCifar = (path: string): boolean => binEnd.test(path);

/** A folder or an archive with batches and class names. */
export interface Place {
  /** name in messages */
  readonly where: string;
  /** names of the files */
  readonly files: readonly string[];
  open(file: string): Promise<Bytes>;
}

/** The training batches among files, sorted; empty if the files are not from CIFAR. */
export function trainingBatches(files: readonly string[]): string[] {
  const isOne = ({ names, training }: Kind) => files.includes(names) && files.some((file) => training.test(file));
  const kind = kinds.find(isOne) ?? kinds[0]; // `train.bin` without the class names of CIFAR-100 may be anything
  const batches = files.filter((file) => kind.training.test(file)).sort();
  return batches.filter((file) => !(gzipEnd.test(file) && batches.includes(file.replace(gzipEnd, ''))));
}

/**
 * The training batches of CIFAR in a folder.
 * @param files names of the files in the folder
 * @returns undefined if it has no training batches
 */
export function cifarFolder(folder: string, files: readonly string[]): Source | undefined {
  const batches = trainingBatches(files);
  if (batches.length === 0) return undefined;
  const others = files.filter((file) => isCifar(file) && !batches.includes(file)).sort();
  const notice = `${folder}: rin uses ${batches.join(', ')}; to use another file, name it: ${others.join(', ')}`;
  const source = batchSource(folder, batches);
  return { ...source, name: basename(resolve(folder)), ...(others.length > 0 && { notice }) };
}

/** One batch of CIFAR. Class names come from a file next to it; without that file, the numbers are the names. */
export const cifarSource = (path: string): Source => batchSource(dirname(path), [basename(path)]);

function batchSource(folder: string, batches: readonly string[]): Source {
  const names = kinds.map((kind) => kind.names).filter((name) => existsSync(join(folder, name)));
  return {
    name: batches[0].replace(binEnd, ''),
    stamp: [...batches, ...names].map((file) => fileStamp(join(folder, file))).join(' '),
    list: () =>
      listCifar(
        { where: folder, files: [...batches, ...names], open: (file) => openBytes(join(folder, file)) },
        batches,
      ),
  };
}

/**
 * Lists the records of batches, one batch after the other.
 * @throws RinError if a batch is damaged, cut short or not from CIFAR
 */
export async function listCifar(place: Place, batches: readonly string[]): Promise<Listing> {
  const { where, files, open } = place;
  const opened: { content: Bytes; path: string }[] = [];
  const close = () => {
    for (const { content } of opened) content.close();
  };
  try {
    for (const file of batches) opened.push({ content: await open(file), path: join(where, file) });
    const kind = kindOf(opened, files);
    const size = recordSize(kind);
    const total = opened.reduce((sum, { content }) => sum + content.length / size, 0);
    if (total > mostPictures) throw new RinError(`${where}: ${total} records; expected at most ${mostPictures}`);
    const pictures: Picture[] = [];
    for (const { content, path } of opened) {
      for (let start = 0; start < content.length; start += size) {
        const label = content.read(start + kind.labels - 1, 1)[0];
        if (label >= kind.classes) {
          throw new RinError(
            `${path}: damaged: the label of record ${start / size} is ${label}; ${kind.title} has labels 0 to ${kind.classes - 1}`,
          );
        }
        const read = () => content.read(start + kind.labels, pixels);
        if (pictures.length % 4096 === 4095) await turn();
        pictures.push({ name: numbered(pictures.length, total), label, read });
      }
    }
    const names = files.includes(kind.names) ? await readNames(kind, place) : undefined;
    const classes = names ?? Array.from({ length: kind.classes }, (_, label) => String(label));
    return { pictures, classes, missing: [], shape, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The kind whose class names are there; else the kind whose record size divides the length of the first batch. */
function kindOf(opened: readonly { content: Bytes; path: string }[], files: readonly string[]): Kind {
  const beside = kinds.filter(({ names }) => files.includes(names));
  const possible = beside.length > 0 ? beside : kinds;
  const divides = (kind: Kind, { length }: Bytes) => length > 0 && length % recordSize(kind) === 0;
  const kind = possible.find((each) => divides(each, opened[0].content)) ?? possible[0];
  const odd = opened.find(({ content }) => !divides(kind, content));
  if (!odd) return kind;
  const expected = possible.map((each) => `${each.title} (${recordSize(each)} bytes each)`).join(' or ');
  throw new RinError(
    `${odd.path}: ${odd.content.length} bytes are not a whole number of records of ${expected}; copy it again`,
  );
}

async function readNames({ names, classes, title }: Kind, { where, open }: Place): Promise<string[]> {
  const file = await open(names);
  try {
    const lines = String(file.read(0, longestNames))
      .split('\n')
      .map((line) => line.trim());
    const found = lines.filter((line) => line !== '');
    if (new Set(found).size === found.length && found.length === classes) return found;
    throw new RinError(
      `${join(where, names)}: ${found.length} names; ${title} has ${classes} classes, expected one name on each line`,
    );
  } finally {
    file.close();
  }
}

/** Limit in bytes for a file of class names. The original files have at most a tenth of it. */
const longestNames = 1 << 14;
