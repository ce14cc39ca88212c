import { existsSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bytes, count, isOutOfMemory, RinError, roughly } from '@rin/core';
import type { Config } from '../../config/config.js';
import { unreadable } from '../../disk/systemError.js';
import type { Learner } from '../learner.js';
import type { Compute } from './compute.js';
import type { Cost } from './cost.js';
import { memoryLimit } from './memoryLimit.js';

/** Passes are timed for so many seconds, or for two passes of a single sample if they take longer. */
const timingSeconds = 2.5;

/** So many passes of the last size are timed; the quickest counts, for whatever else the machine does only adds to it. */
const timedPasses = 4;

/** What of the memory training takes, in sentences; a warning where there is less. */
export function memoryLines(cost: Cost, { training }: Config, { device }: Compute): string[] {
  const { weights, optimizer, activations, preview, memory } = cost;
  const micro = training.microBatch ?? training.batch;
  const parts =
    `weights, gradients and their average ${bytes(weights)} each, optimiser ${bytes(optimizer)}, ` +
    `activations of ${count(micro)} images ${bytes(activations)}${preview > activations ? `, of a preview ${bytes(preview)}` : ''}`;
  const line = `memory: about ${bytes(memory)}: ${parts}`;
  const free = device === 'cpu' ? freeMemory() : Number.POSITIVE_INFINITY;
  if (memory <= free) return [line];
  const mend =
    micro > 1 ? 'a smaller training.microBatch takes less, for the same result' : 'a smaller network takes less';
  return [line, `that is more than the ${bytes(free)} that are free: ${mend}`];
}

/** Memory that this process can have, what it has included. */
const freeMemory = (): number => Math.min(freemem() + process.memoryUsage.rss(), memoryLimit());

/**
 * What of the disk a run takes, in a sentence.
 * @param folder on the disk, which need not be there
 * @param taken  bytes that the run takes already
 * @throws {RinError} where that much is not free
 */
export async function diskLine(cost: Cost, { training }: Config, folder: string, taken = 0): Promise<string> {
  const { checkpoint, checkpoints, disk } = cost;
  const free = await freeDisk(folder);
  const plural = checkpoints > 1 ? 's' : '';
  const what = `${count(checkpoints)} checkpoint${plural} of ${bytes(checkpoint)} at once, model and pictures`;
  if (disk - taken <= free) return `disk: up to ${bytes(disk)} (${what}); ${bytes(free)} are free`;
  const fewer = training.keepCheckpoints > 1 ? `, or lower training.keepCheckpoints (${training.keepCheckpoints})` : '';
  throw new RinError(
    `${folder}: a run takes up to ${bytes(disk)} of the disk (${what}), and ${bytes(free)} are free; make room${fewer}`,
  );
}

/** Bytes free on the disk of a path that need not be there yet. */
async function freeDisk(path: string): Promise<number> {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  return bavail * bsize;
}

/** Bytes of a file, or of all files in a folder; 0 if there is none. @throws {RinError} if it cannot be looked at */
export async function sizeOf(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  try {
    const stats = await stat(path);
    if (!stats.isDirectory()) return stats.size;
    const sizes = (await readdir(path)).map((name) => sizeOf(join(path, name)));
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** How long `images` take, in a sentence. @param basis what was measured */
export const timeLine = (images: number, imagesPerSecond: number, basis: string): string =>
  `time: about ${roughly(images / imagesPerSecond)} for ${count(images)} images, ${perSecond(imagesPerSecond)} a second ${basis}`;

const perSecond = (images: number): string => (images < 100 ? images.toPrecision(2) : count(Math.round(images)));

/**
 * Images a second, from passes that change nothing: of one sample, then of more, up to a micro-batch, as time allows. A pass
 * of a new size takes new memory and makes new kernels, so the first pass of a size never counts.
 * @returns undefined if memory ran out; the first update will tell
 */
export function timedSpeed(learner: Pick<Learner, 'microBatch' | 'timePass'>): number | undefined {
  const end = performance.now() + 1000 * timingSeconds;
  const left = () => (end - performance.now()) / 1000;
  try {
    let size = 1;
    for (;;) {
      learner.timePass(size);
      let seconds = learner.timePass(size);
      const next = Math.min(learner.microBatch, 8 * size, Math.floor((left() / 2 / seconds) * size)); // two passes of it fit
      if (next >= 2 * size) {
        size = next;
        continue;
      }
      for (let passes = 1; passes < timedPasses && left() > seconds; passes++)
        seconds = Math.min(seconds, learner.timePass(size));
      return size / seconds;
    }
  } catch (error) {
    if (isOutOfMemory(error)) return undefined;
    throw error;
  }
}
