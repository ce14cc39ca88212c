import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { type Bytes, fileStamp, gzipEnd, openBytes } from './bytes.js';
import { type Listing, mostPictures, numbered, type Picture, type Source } from './source.js';

/** One of the two sets in their binary version: records of labels and then [3, 32, 32] pixels. */
interface Kind {
  readonly title: string;
  /** bytes before the pixels; the last one is the label that counts (of CIFAR-100 the fine one) */
  readonly labels: number;
  readonly classes: number;
  /** text file with the name of a class in each line */
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

/** `data_batch_1.bin`, packed by gzip or not. */
const binEnd = /\.bin(\.gz)?$/i;

/** Whether a file is called as the batches of CIFAR are. */
export const isCifar = (path: string): boolean => binEnd.test(path);

/** Where batches and names lie together: a folder or an archive. */
export interface Place {
  /** how messages call it */
  readonly where: string;
  /** names of the files */
  readonly files: readonly string[];
  open(file: string): Promise<Bytes>;
}

/** The batches for training among files, sorted; empty where they are not those of CIFAR. */
export function trainingBatches(files: readonly string[]): string[] {
  const isOne = ({ names, training }: Kind) => files.includes(names) && files.some((file) => training.test(file));
  const kind = kinds.find(isOne) ?? kinds[0]; // `train.bin` without the names of CIFAR-100 may be anything
  const batches = files.filter((file) => kind.training.test(file)).sort();
  return batches.filter((file) => !(gzipEnd.test(file) && batches.includes(file.replace(gzipEnd, ''))));
}

/**
 * The batches for training in a folder.
 * @param files names of the files in it
 * @returns undefined if it holds none
 */
export function cifarFolder(folder: string, files: readonly string[]): Source | undefined {
  const batches = trainingBatches(files);
  if (batches.length === 0) return undefined;
  const others = files.filter((file) => isCifar(file) && !batches.includes(file)).sort();
  const notice = `${folder}: ${batches.join(', ')} ${batches.length > 1 ? 'are' : 'is'} taken; to take others, name their file: ${others.join(', ')}`;
  const source = batchSource(folder, batches);
  return { ...source, name: basename(resolve(folder)), ...(others.length > 0 && { notice }) };
}

/** One file of batches. The names of its classes are found beside it; without them classes are called by number. */
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
 * The records of some batches, one after the other.
 * @throws {RinError} where one is damaged, cut short or something else
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
            `${path}: damaged: the label of record ${start / size} is ${label}; ${kind.title} has 0 to ${kind.classes - 1}`,
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

/** By the names that lie beside the batches, else by what divides the length of the first. */
function kindOf(opened: readonly { content: Bytes; path: string }[], files: readonly string[]): Kind {
  const beside = kinds.filter(({ names }) => files.includes(names));
  const possible = beside.length > 0 ? beside : kinds;
  const divides = (kind: Kind, { length }: Bytes) => length > 0 && length % recordSize(kind) === 0;
  const kind = possible.find((each) => divides(each, opened[0].content)) ?? possible[0];
  const odd = opened.find(({ content }) => !divides(kind, content));
  if (!odd) return kind;
  const expected = possible.map((each) => `${each.title} (${recordSize(each)} bytes each)`).join(' or ');
  throw new RinError(
    `${odd.path}: ${odd.content.length} bytes are no whole number of records of ${expected}; copy it again`,
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
      `${join(where, names)}: ${found.length} names; ${title} has ${classes}, each in a line of its own`,
    );
  } finally {
    file.close();
  }
}

/** Bytes of a file of names; the real ones have at most a tenth of it. */
const longestNames = 1 << 14;
