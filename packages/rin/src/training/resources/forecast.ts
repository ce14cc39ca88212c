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

/** Seconds for timing. Two passes of a single sample are timed even if they take longer. */
const timingSeconds = 2.5;

/** Timed passes of the last size. The fastest one counts, because other work on the machine can only add time. */
const timedPasses = 4;

/** A sentence about the memory that training needs, and a warning if less is free. */
export function memoryLines(cost: Cost, { training }: Config, { device }: Compute): string[] {
  const { weights, optimizer, activations, preview, memory } = cost;
  const micro = training.microBatch ?? training.batch;
  const parts =
    `weights, gradients and average ${bytes(weights)} each, optimiser ${bytes(optimizer)}, ` +
    `activations of ${count(micro)} images ${bytes(activations)}${preview > activations ? `, activations of a preview ${bytes(preview)}` : ''}`;
  const line = `memory: about ${bytes(memory)} (${parts})`;
  const free = device === 'cpu' ? freeMemory() : Number.POSITIVE_INFINITY;
  if (memory <= free) return [line];
  const mend =
    micro > 1 ? 'a smaller training.microBatch needs less, with the same result' : 'a smaller network needs less';
  return [line, `this is more than the free memory, ${bytes(free)}; ${mend}`];
}

/** Memory that this process can use, including what it uses now. */
const freeMemory = (): number => Math.min(freemem() + process.memoryUsage.rss(), memoryLimit());

/**
 * A sentence about the disk space that a run needs.
 * @param folder folder of the run; it need not exist
 * @param taken  bytes that the run uses now
 * @throws RinError if less space is free
 */
export async function diskLine(cost: Cost, { training }: Config, folder: string, taken = 0): Promise<string> {
  const { checkpoint, checkpoints, disk } = cost;
  const free = await freeDisk(folder);
  const plural = checkpoints > 1 ? 's' : '';
  const what = `${count(checkpoints)} checkpoint${plural} of ${bytes(checkpoint)}, model and pictures`;
  if (disk - taken <= free) return `disk: up to ${bytes(disk)} (${what}); ${bytes(free)} free`;
  const fewer = training.keepCheckpoints > 1 ? `, or lower training.keepCheckpoints (${training.keepCheckpoints})` : '';
  throw new RinError(
    `${folder}: the run needs up to ${bytes(disk)} of disk space (${what}), but only ${bytes(free)} is free; make room${fewer}`,
  );
}

/** Free bytes on the disk of a path, which need not exist. */
async function freeDisk(path: string): Promise<number> {
  let there = resolve(path);
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  return bavail * bsize;
}

/** Bytes of a file, or of all files in a folder; 0 if the path does not exist. @throws RinError if it cannot be read */
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

/** A sentence about the time that `images` images take. @param basis how the speed was measured */
export const timeLine = (images: number, imagesPerSecond: number, basis: string): string =>
  `time: about ${roughly(images / imagesPerSecond)} for ${count(images)} images, ${perSecond(imagesPerSecond)} images/s ${basis}`;

const perSecond = (images: number): string => (images < 100 ? images.toPrecision(2) : count(Math.round(images)));

/**
 * Images per second of passes that change nothing. The passes grow from one sample to a micro-batch, as time allows. The first
 * pass of each size does not count, because it allocates memory and makes kernels.
 * @returns undefined if memory ran out; the first update then halves the micro-batch or fails
 */
export function timedSpeed(learner: Pick<Learner, 'microBatch' | 'timePass'>): number | undefined {
  const end = performance.now() + 1000 * timingSeconds;
  const left = () => (end - performance.now()) / 1000;
  try {
    let size = 1;
    for (;;) {
      learner.timePass(size);
      let seconds = learner.timePass(size);
      const next = Math.min(learner.microBatch, 8 * size, Math.floor((left() / 2 / seconds) * size)); // two passes fit
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
