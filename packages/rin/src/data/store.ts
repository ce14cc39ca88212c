import { createHash, randomUUID } from 'node:crypto';
import { existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DataConfig } from '../config/data.js';
import { makeFolder } from '../disk/makeFolder.js';
import { isTaken, oneLine, systemCode } from '../disk/systemError.js';
import { writeFlushed } from '../disk/writeFlushed.js';
import { type Dataset, type Facts, FileDataset, MeanSquare, MemoryDataset, sampleLength } from './dataset.js';
import type { Skipped } from './sources/source.js';

/*
 * A store is a folder with decoded samples:
 *   index.json    what the data set tells of itself, and the digests of the other two
 *   pixels.bin    uint8, sample after sample, each planar [C, ...size]
 *   labels.bin    int32, little-endian, -1 = none
 */

/** Names of the files of a store. */
export const storeFiles = ['index.json', 'pixels.bin', 'labels.bin'] as const;

const count = z.int().min(1);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const Origin = z.strictObject({ content: digest, resize: DataConfig.shape.resize, background: z.string() });
/** Keys are written in this order, which their digest depends on. */
const IndexFile = z.strictObject({
  shape: z.array(count).min(2).max(4).readonly(),
  classes: z.array(z.string()).readonly(),
  fingerprint: digest,
  origin: Origin,
  meanSquare: z.number(),
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })).readonly(),
  length: count,
  pixelsSha256: digest,
  labelsSha256: digest,
  /** of this text without this key */
  sha256: digest,
});
type Index = Omit<z.infer<typeof IndexFile>, 'sha256'>;

/** Of what a store was made, and how: the digest of all that the source says, and the options. */
export type Origin = z.infer<typeof Origin>;

/** One decoded sample. */
export interface Sample {
  /** of the picture, within its source */
  readonly name: string;
  readonly pixels: Uint8Array;
  readonly label: number;
}

/**
 * Writes a store: beside its place first, flushed to the disk, then renamed, so that it is there whole or not at all.
 * @param samples   in their order
 * @param facts     what is known beforehand
 * @param skipped   asked for after the last sample
 * @returns false where something has the name by now, which stays
 */
export async function writeStore(
  folder: string,
  samples: AsyncIterable<Sample>,
  facts: Omit<Facts, 'name' | 'meanSquare' | 'skipped'> & { readonly origin: Origin },
  skipped: () => readonly Skipped[],
): Promise<boolean> {
  const beside = `${folder}.${randomUUID()}.part`;
  try {
    await makeFolder(beside);
    const labels: number[] = [];
    const meanSquare = new MeanSquare();
    const hash = createHash('sha256');
    const file = await open(join(beside, 'pixels.bin'), 'w');
    try {
      for await (const { pixels, label } of samples) {
        writeFileSync(file.fd, pixels); // in the thread pool it would queue behind the decoding of the next pictures
        hash.update(pixels);
        meanSquare.add(pixels);
        labels.push(label);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const labelBytes = Buffer.from(Int32Array.from(labels).buffer);
    const index: Index = {
      ...facts,
      meanSquare: meanSquare.value,
      skipped: skipped(),
      length: labels.length,
      pixelsSha256: hash.digest('hex'),
      labelsSha256: sha256(labelBytes),
    };
    await writeFlushed(join(beside, 'labels.bin'), labelBytes);
    const text = JSON.stringify({ ...index, sha256: sha256(JSON.stringify(index)) });
    await writeFlushed(join(beside, 'index.json'), text);
    return await rename(beside, folder).then(() => true, unlessTaken);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

function unlessTaken(error: unknown): false {
  if (isTaken(error)) return false;
  throw error;
}

/** A store that is not what was written. */
export class DamagedStore extends Error {}

/**
 * Opens a store. Up to `memory` bytes of pixels are read at once, and their digest is compared; of more only the length
 * is, and they are read by position.
 * @returns undefined where there is none
 * @throws {DamagedStore} where it is not what was written
 */
export function openStore(folder: string, name: string, memory: number): Dataset | undefined {
  if (!existsSync(folder)) return undefined;
  try {
    const index = readIndex(folder);
    const labels = readFileSync(join(folder, 'labels.bin'));
    if (sha256(labels) !== index.labelsSha256) throw new DamagedStore('labels.bin was changed');
    const numbers = new Int32Array(new Uint8Array(labels).buffer);
    if (numbers.length !== index.length || numbers.some((label) => label < -1 || label >= index.classes.length))
      throw new DamagedStore('labels.bin does not fit index.json');
    const facts: Facts = { name, ...index };
    const pixels = openPixels(join(folder, 'pixels.bin'), index, memory);
    return typeof pixels === 'number'
      ? new FileDataset(facts, numbers, pixels)
      : new MemoryDataset(facts, numbers, pixels);
  } catch (error) {
    if (error instanceof DamagedStore || isRefused(error)) throw error;
    throw new DamagedStore(oneLine(error));
  }
}

/** What a store tells of itself. @throws {DamagedStore} where it is not what was written */
export function readIndex(folder: string): Index {
  const raw: unknown = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const { success, data } = IndexFile.safeParse(raw);
  if (!success) throw new DamagedStore('index.json does not describe samples');
  const { sha256: digest, ...index } = data;
  if (sha256(JSON.stringify(index)) !== digest) throw new DamagedStore('index.json was changed');
  return index;
}

/** Whether the system would not read what may well be whole: no permission, too many open files. */
const isRefused = (error: unknown): boolean =>
  ['EACCES', 'EPERM', 'EMFILE', 'ENFILE'].includes(String(systemCode(error)));

/** The pixels, or the open file where they are more than `memory` bytes. */
function openPixels(path: string, { length, shape, pixelsSha256 }: Index, memory: number) {
  const expected = length * sampleLength(shape);
  const { size } = statSync(path);
  if (size !== expected) throw new DamagedStore(`pixels.bin has ${size} bytes, not ${expected}`);
  if (size > memory) return openSync(path, 'r');
  const pixels = readFileSync(path);
  if (sha256(pixels) !== pixelsSha256) throw new DamagedStore('pixels.bin was changed');
  return pixels;
}

export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
