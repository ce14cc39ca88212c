import { existsSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bytes, count, RinError } from '@rin/core';
import type { Config } from '../../config/config.js';
import { unreadable } from '../../disk/systemError.js';
import { nounOf } from '../../media/formats.js';
import { largestDivisor } from '../largestDivisor.js';
import type { Compute } from './compute.js';
import type { Cost } from './cost.js';
import { memoryLimit } from './memoryLimit.js';

/** A sentence about the memory that training needs. If less is free, a warning names the micro-batch that fits. */
export function memoryLines(cost: Cost, { model, training }: Config, { device }: Compute): string[] {
  const { weights, optimizer, data, kernels, activations, preview, memory } = cost;
  const micro = training.microBatch ?? training.batch;
  const parts = [
    `weights, gradients and average ${bytes(weights)} each`,
    `optimiser ${bytes(optimizer)}`,
    ...(data > 0 ? [`data ${bytes(data)}`] : []),
    ...(kernels > 0 ? [`compiled kernels ${bytes(kernels)}`] : []),
    `activations of ${count(micro)} ${nounOf(model)}${micro > 1 ? 's' : ''} ${bytes(activations)}`,
    ...(preview > activations ? [`activations of a preview ${bytes(preview)}`] : []),
  ];
  const line = `memory: about ${bytes(memory)} (${parts.join(', ')})`;
  const free = device === 'cpu' ? freeMemory() : Number.POSITIVE_INFINITY;
  if (memory <= free) return [line];
  return [line, `this is more than the free memory, ${bytes(free)}; ${mend(cost, training, free)}`];
}

/** What to do if a training does not fit. */
function mend({ memoryWith }: Cost, { batch, microBatch = batch }: Config['training'], free: number): string {
  if (microBatch === 1) return 'a smaller network needs less';
  for (let size = microBatch; size > 1; ) {
    size = largestDivisor(batch, size - 1);
    if (memoryWith(size) <= free)
      return `training.microBatch ${size} fits with about ${bytes(memoryWith(size))}, with the same result`;
  }
  return `even training.microBatch 1 does not fit, it needs about ${bytes(memoryWith(1))}; a smaller network needs less`;
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
  const what = `${count(checkpoints)} checkpoint${plural} of ${bytes(checkpoint)}, model and previews`;
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
