import { lengthOf, RinError } from '@rin/core';
import { tensor } from '@rin/torch';
import type { Model } from '../diffusion/modelFile.js';
import { type Sample, type SampleOptions, samples } from '../diffusion/sample.js';
import type { Clip } from '../media/clip.js';
import type { MediumSample } from '../media/medium.js';
import type { Ranks } from './ranks.js';

/** A shared work ended because another rank was told to stop. */
export class StoppedElsewhere extends RinError {}

/**
 * Ends a shared work on this rank if one of them was stopped. @param stopped how many ranks were, the same number on all
 * @throws the reason of `signal` if it is aborted; StoppedElsewhere if only that of another rank is
 */
export function endIfStopped(stopped: number, signal: AbortSignal | undefined): void {
  if (stopped > 0) throw signal?.aborted ? signal.reason : new StoppedElsewhere('another process was stopped');
}

/**
 * The values of all ranks, one rank after the other. @param own as many on every rank
 * @throws RankError if another rank is missing
 */
export async function sideBySide<T extends Uint8Array | Float32Array>(ranks: Ranks, own: T): Promise<T> {
  if (ranks.count === 1) return own;
  const total = ranks.count * own.length;
  const values = own instanceof Uint8Array ? new Uint8Array(total) : new Float32Array(total);
  values.set(own, ranks.rank * own.length); // zeros where others have theirs, so the sum has all
  using all = tensor(values, [total]);
  await ranks.sum([all]);
  return all.toTypedArray() as T;
}

/**
 * Draws samples as `samples` does, in several processes. Batches are dealt to the ranks in turn. A batch is as large as with one
 * process, unless there are fewer batches than ranks; so the pictures have the same bits, or differ by rounding.
 * @param ranks every one of them makes this call, with the same model and options
 * @returns on rank 0 one sample for each seed, in their order; nothing on the others
 * @throws as `samples`; StoppedElsewhere if only the signal of another rank is aborted; RankError if another rank is missing
 */
export async function* sharedSamples(
  model: Model,
  options: SampleOptions,
  ranks: Ranks,
): AsyncGenerator<Sample, void, void> {
  const { seeds, batch = 64, signal } = options;
  const { rank, count } = ranks;
  if (count === 1 || seeds.length === 0) {
    yield* samples(model, options);
    return;
  }
  const size = sharedBatch(seeds.length, batch, ranks);
  for (let first = 0; first < seeds.length; first += size * count) {
    const own: MediumSample[] = [];
    const start = Math.min(seeds.length, first + rank * size);
    const part = optionsOf(options, start, Math.min(seeds.length, start + size));
    try {
      if (part.seeds.length > 0) for await (const { image } of samples(model, part)) own.push(image);
    } catch (error) {
      if (error !== signal?.reason) throw error;
    }
    // All stop in step, so that they can go on with something else. A signal that comes from here on counts in the next round.
    const [stopped] = await ranks.total([signal?.aborted ? 1 : 0]);
    endIfStopped(stopped, signal);
    const all = await gathered(own, size, ranks);
    const round = seeds.slice(first, first + size * count);
    if (rank === 0) yield* round.map((seed, i) => ({ seed, image: all[i] }));
  }
}

/** Samples that each rank draws at once. */
export const sharedBatch = (samples: number, batch: number, { count }: Pick<Ranks, 'count'>): number =>
  Math.min(batch, Math.ceil(samples / count));

/** The options for the seeds from one place to below another. */
function optionsOf(options: SampleOptions, from: number, to: number): SampleOptions {
  const { seeds, classes, conditions, given, known, mask } = options;
  const repeated = <T>(all: readonly T[]): T[] => seeds.slice(from, to).map((_, i) => all[(from + i) % all.length]);
  const each = <T>(all: T | readonly T[]): T | T[] => (Array.isArray(all) ? repeated(all as readonly T[]) : (all as T));
  return {
    ...options,
    seeds: seeds.slice(from, to),
    batch: Math.max(1, to - from),
    ...(classes && { classes: repeated(classes) }),
    ...(conditions && { conditions: repeated(conditions) }),
    ...(given && { given: each<Clip>(given) }),
    ...(known && { known: each(known) }),
    ...(mask && { mask: each(mask) }),
  };
}

/** The samples of all ranks, in their order. @param size most samples of a rank; rank 0 has at least one */
async function gathered(own: readonly MediumSample[], size: number, ranks: Ranks): Promise<MediumSample[]> {
  const { medium, shape } = await ranks.first(async () => ({ medium: own[0].medium, shape: own[0].shape }));
  const length = lengthOf(shape);
  const bytes = new Uint8Array(size * length);
  for (const [i, { data }] of own.entries()) bytes.set(data, i * length);
  const summed = await sideBySide(ranks, bytes);
  return Array.from({ length: ranks.count * size }, (_, i) => ({
    ...{ medium, shape },
    data: summed.slice(i * length, (i + 1) * length),
  }));
}
