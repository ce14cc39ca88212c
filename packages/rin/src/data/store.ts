import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lengthOf, RinError } from '@rin/core';
import { oneLine, systemCode, Taken, whyNot } from '../disk/systemError.js';
import { writeFlushed, writeFolder } from '../disk/wholeFiles.js';
import { BlockDigests, Blocks, samplesInBlock } from './blocks.js';
import { type Dataset, type Facts, FileDataset, MeanSquare, MemoryDataset } from './dataset.js';
import { PixelFile } from './pixelFile.js';
import type { Skipped } from './sources/source.js';
import { DamagedStore, type FormerIndex, type Index, indexText, type Origin, readIndex, sha256 } from './storeIndex.js';

/*
 * A store is a folder with decoded samples:
 *   index.json    the description of the data set, and the digests of the labels and of blocks of pixels
 *   pixels.bin    uint8, sample after sample, each planar [C, ...size]
 *   labels.bin    int32, little-endian, -1 = none
 */

/** One decoded sample. */
export interface Sample {
  /** of the picture, as in its source */
  readonly name: string;
  /** planar [C, ...size] */
  readonly pixels: Uint8Array;
  /** -1 = none */
  readonly label: number;
}

/** What a store records next to its samples. */
export interface StoreFacts {
  readonly fingerprint: string;
  readonly origin: Origin;
  readonly skipped: readonly Skipped[];
}

/**
 * Writes a store, completely or not at all.
 * @param samples in their order
 * @param told    returns the facts; called after the last sample
 * @returns false if the path exists by now; it is not changed
 * @throws RinError if the store cannot be written
 */
export async function writeStore(
  folder: string,
  samples: AsyncIterable<Sample>,
  { shape, classes }: Pick<Facts, 'shape' | 'classes'>,
  told: () => StoreFacts | Promise<StoreFacts>,
): Promise<boolean> {
  try {
    await writeFolder(folder, async (half) => {
      const labels: number[] = [];
      const meanSquare = new MeanSquare();
      const blocks = new BlockDigests(samplesInBlock(shape));
      await writeFlushed(join(half, 'pixels.bin'), async (write) => {
        for await (const { pixels, label } of samples) {
          write(pixels); // in the thread pool it would wait for the decoding of the next pictures
          blocks.add(pixels);
          meanSquare.add(pixels);
          labels.push(label);
        }
      });
      const labelBytes = Buffer.from(Int32Array.from(labels).buffer);
      const { fingerprint, origin, skipped } = await told();
      await writeFlushed(join(half, 'labels.bin'), labelBytes);
      const index: Index = {
        format: 2,
        shape,
        classes,
        fingerprint,
        origin,
        meanSquare: meanSquare.value,
        skipped,
        length: labels.length,
        samplesInBlock: samplesInBlock(shape),
        blockDigests: blocks.finish(),
        labelsSha256: sha256(labelBytes),
      };
      await writeFlushed(join(half, 'index.json'), indexText(index));
    });
    return true;
  } catch (error) {
    if (error instanceof Taken) return false;
    throw error;
  }
}

/** A store of an earlier version, which has no digests of blocks. */
export class FormerStore extends Error {}

/** How a store is opened. */
export interface StoreOptions {
  /**
   * pixels up to this number of bytes are read and checked at once; otherwise each block is checked when it is needed
   */
  readonly memory: number;
  /** whether to open stores of earlier versions; if they are larger than `memory`, only their length is checked */
  readonly former: boolean;
}

/**
 * Opens a store.
 * @returns undefined if there is no store
 * @throws DamagedStore if the store was changed
 * @throws FormerStore if it is of an earlier version and `former` is false
 * @throws RinError if the system refuses to read it
 */
export function openStore(folder: string, name: string, { memory, former }: StoreOptions): Dataset | undefined {
  if (!existsSync(folder)) return undefined;
  try {
    const index = readIndex(folder);
    if (!former && !('format' in index)) throw new FormerStore();
    const labels = readFileSync(join(folder, 'labels.bin'));
    if (sha256(labels) !== index.labelsSha256) throw new DamagedStore('labels.bin was changed');
    const numbers = new Int32Array(new Uint8Array(labels).buffer);
    if (numbers.length !== index.length || numbers.some((label) => label < -1 || label >= index.classes.length))
      throw new DamagedStore('labels.bin does not fit index.json');
    const { shape, classes, fingerprint, meanSquare, skipped } = index;
    const facts: Facts = { name, shape, classes, fingerprint, meanSquare, skipped };
    const pixels = openPixels(join(folder, 'pixels.bin'), index, memory);
    return pixels instanceof PixelFile
      ? new FileDataset(facts, numbers, pixels)
      : new MemoryDataset(facts, numbers, pixels);
  } catch (error) {
    throw explained(error, folder);
  }
}

/** Errors of the system that mean a damaged store. After any other error, the store may be intact. */
const missing = new Set<unknown>(['ENOENT', 'ENOTDIR', 'EISDIR']);

function explained(error: unknown, folder: string): unknown {
  if (error instanceof DamagedStore || error instanceof FormerStore) return error;
  const reason = missing.has(systemCode(error)) ? undefined : whyNot(error);
  if (reason === undefined) return new DamagedStore(oneLine(error));
  return new RinError(`cannot read the samples in ${folder}: ${reason}; fix this, or remove the folder`);
}

/** The pixels; the open file if they are larger than `memory` bytes. */
function openPixels(path: string, index: Index | FormerIndex, memory: number): Uint8Array | PixelFile {
  const { length, shape } = index;
  const sample = lengthOf(shape);
  const expected = length * sample;
  const { size } = statSync(path);
  if (size !== expected) throw new DamagedStore(`pixels.bin has ${size} bytes, not ${expected}`);
  const blocks = 'format' in index ? new Blocks(index.samplesInBlock, shape, expected, index.blockDigests) : undefined;
  if (blocks && !blocks.isSound) throw new DamagedStore('index.json does not fit pixels.bin');
  if (size > memory) return new PixelFile(path, sample, expected, blocks);
  const pixels = readFileSync(path);
  const isIntact = 'format' in index ? blocks?.areIntact(pixels) : sha256(pixels) === index.pixelsSha256;
  if (!isIntact) throw new DamagedStore('pixels.bin was changed');
  return pixels;
}
