import { count, RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import { type Ranks, shareOf } from './ranks.js';

/** @throws RinError if there are more ranks than images in a batch */
export function checkShares({ count }: Ranks, { training: { batch } }: Config): void {
  if (batch < count)
    throw new RinError(`training.batch ${batch} is less than the ${count} processes; use fewer, or a larger batch`);
}

/** The configuration of what one process computes: passes of its part of the batch. */
export function ofShare(config: Config, ranks: Ranks): Config {
  const { batch, microBatch = batch } = config.training;
  const [from, to] = shareOf(batch, ranks);
  return ranks.count === 1
    ? config
    : { ...config, training: { ...config.training, microBatch: Math.min(microBatch, to - from) } };
}

/** A sentence about the ranks. */
export const sharesLine = ({ count: ranks }: Ranks, { training: { batch } }: Config): string =>
  `${count(ranks)} processes share each batch of ${count(batch)} images; figures of memory are for each of them`;

/** Images per second of all ranks together, if one of them computes so many. */
export const speedOfAll = (speed: number | undefined, { count }: Ranks): number | undefined =>
  speed === undefined ? undefined : speed * count;
