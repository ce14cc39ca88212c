import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { makeFolder } from '../disk/makeFolder.js';
import { systemCode, unreadable } from '../disk/systemError.js';
import { change, removeAbandoned, writeWhole } from '../disk/wholeFiles.js';
import type { Ranks } from '../training/ranks.js';
import { endIfStopped, sideBySide } from '../training/sharedSamples.js';
import type { Detector } from './detectors/detector.js';
import type { Features } from './features.js';

/** Samples that can be had block by block, always the same ones. */
export interface SampleSource {
  readonly count: number;
  /** [C, ...size] of each */
  readonly shape: readonly number[];
  /** `count` samples from number `first` on, uint8 planar. @param told gets the share of the block that is done, in (0, 1] */
  read(first: number, count: number, told: (share: number) => void): Promise<readonly Uint8Array[]>;
}

/** How far a work with samples has come. */
export interface GatherProgress {
  /** samples, a share of the present block included */
  readonly done: number;
  readonly total: number;
  /** those of them that were there already when the work began */
  readonly kept: number;
}

export interface GatherOptions {
  /** samples in a block, at least 1. A sample's features may depend on it in the last digit */
  readonly block: number;
  /** folder for the features of finished blocks. If it has some, they are not computed again */
  readonly folder?: string;
  readonly onProgress?: (progress: GatherProgress) => void;
  /** if it is aborted, the work rejects with its reason; finished blocks are in the folder */
  readonly signal?: AbortSignal;
}

/** What a detector says of a set. */
export interface Gathered {
  readonly features: Features;
  /** absent if the detector gives none */
  readonly logits?: Features;
}

/**
 * Features of all samples of a source. Only one block of samples is in memory. A work that was killed goes on with the blocks that
 * are not finished. The result is the same to the last digit, because blocks have the same samples.
 * @param ranks they share the blocks; rank 0 alone has the folder
 * @returns on rank 0 the features in the order of the samples; undefined on the others
 * @throws RinError if the folder cannot be read or written, or as the source and the detector do
 */
export async function gather(
  ranks: Ranks,
  source: SampleSource,
  detector: Detector,
  { block, folder, onProgress, signal }: GatherOptions,
): Promise<Gathered | undefined> {
  const { count, shape } = source;
  const { features: width, classes } = detector;
  const here = ranks.rank === 0 ? count : 0;
  const [features, logits] = [new Float32Array(here * width), new Float32Array(here * classes)];
  const sizeOf = (first: number) => Math.min(block, count - first);
  const place = (first: number, values: Float32Array): void => {
    const size = sizeOf(first);
    features.set(values.subarray(0, size * width), first * width);
    logits.set(values.subarray(size * width, size * (width + classes)), first * classes);
  };
  const fileOf = (first: number) => folder && join(folder, `${String(first).padStart(8, '0')}.features`);
  const missing = await ranks.first(async () => {
    if (folder !== undefined) {
      await change('make', folder, () => makeFolder(folder));
      await removeAbandoned(folder, (name) => name.endsWith('.features'));
    }
    const open: number[] = [];
    for (let first = 0; first < count; first += block) {
      const file = fileOf(first);
      const values = file ? await readBlock(file, sizeOf(first) * (width + classes)) : undefined;
      if (values) place(first, values);
      else open.push(first);
    }
    return open;
  });
  const kept = missing.reduce((rest, first) => rest - sizeOf(first), count);
  let done = kept;
  for (let round = 0; round < missing.length; round += ranks.count) {
    const blocks = missing.slice(round, round + ranks.count);
    const samples = blocks.reduce((sum, first) => sum + sizeOf(first), 0);
    const told = (share: number) => onProgress?.({ done: done + share * samples, total: count, kept });
    const own = new Float32Array(block * (width + classes));
    const first = blocks[ranks.rank];
    let isDone = false;
    try {
      signal?.throwIfAborted();
      if (first !== undefined) {
        const size = sizeOf(first);
        const found = detector.extract(await source.read(first, size, told), shape);
        own.set(found.features);
        own.set(found.logits, size * width);
        isDone = true;
      }
    } catch (error) {
      if (error !== signal?.reason) throw error;
    }
    // All stop in step. What they have finished until then is kept.
    const flags = blocks.map((_, rank) => Number(rank === ranks.rank && isDone));
    const [stopped, ...finished] = await ranks.total([Number(signal?.aborted === true), ...flags]);
    const all = await sideBySide(ranks, own);
    for (const [i, start] of (ranks.rank === 0 ? blocks : []).entries()) {
      if (finished[i] === 0) continue;
      const from = i * own.length;
      const values = all.slice(from, from + sizeOf(start) * (width + classes));
      place(start, values);
      const file = fileOf(start);
      if (folder !== undefined && file) {
        await makeFolder(folder); // a process that measured the same removes it when it is done
        await writeBlock(file, values);
      }
    }
    endIfStopped(stopped, signal);
    done += samples;
    onProgress?.({ done, total: count, kept });
    await turn();
  }
  if (ranks.rank > 0) return undefined;
  return {
    features: { count, width, values: features },
    ...(classes > 0 && { logits: { count, width: classes, values: logits } }),
  };
}

/** Writes a block with its digest before it, so that a damaged file is found. */
async function writeBlock(file: string, values: Float32Array): Promise<void> {
  const bytes = new Uint8Array(values.buffer);
  await writeWhole(file, Buffer.concat([sha256(bytes), bytes]));
}

/** The values of a finished block; undefined if it is not there, or damaged. */
async function readBlock(file: string, length: number): Promise<Float32Array | undefined> {
  try {
    const bytes = await readFile(file);
    const content = Uint8Array.from(bytes.subarray(32));
    const isWhole = content.length === 4 * length && sha256(content).equals(bytes.subarray(0, 32));
    return isWhole ? new Float32Array(content.buffer) : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unreadable(error, file);
  }
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
