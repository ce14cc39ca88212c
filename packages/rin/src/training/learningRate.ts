import { imagesOf } from '../config/duration.js';
import type { TrainingConfig } from '../config/training.js';

/**
 * Learning rate of the update after `images` images, as a share of its peak, in [0, 1]:
 *
 *     warm-up    images / warmup, so the first update has rate 0
 *     constant   1
 *     cosine     (1 + cos(π·rate·s)) / 2
 *
 * Here s grows from 0 at the start of the decay to 1 at the end of the run. The decay starts after the warm-up, or after the
 * share `flat` of the run if that is later. A `rate` below 1 leaves out the last part of the cosine
 * (reference: the authors' code).
 */
export function rateShare(training: Pick<TrainingConfig, 'images' | 'warmup' | 'decay'>, images: number): number {
  const { images: total, decay } = training;
  const warmup = imagesOf(training.warmup, training);
  if (images < warmup) return images / warmup;
  if (decay.kind === 'constant') return 1;
  const start = Math.max(warmup, decay.flat * total);
  const walked = Math.min(Math.max((images - start) / (total - start), 0), 1);
  return (1 + Math.cos(Math.PI * decay.rate * walked)) / 2;
}
