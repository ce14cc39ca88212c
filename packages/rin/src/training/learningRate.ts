import type { TrainingConfig } from '../config/training.js';

/**
 * Learning rate as a share of its peak, in [0, 1], for the update that comes after `images` images. Linear warm-up from 0,
 * so that the first update has rate 0; then constant, or a cosine that begins at the end of the warm-up, or of the `flat`
 * share of the run where that is later. The cosine is laid out over (what is left of the run) / `rate`, of which training
 * walks the first part: it ends at (1 + cos(pi rate)) / 2.
 */
export function rateShare(
  { images: total, warmup, decay }: Pick<TrainingConfig, 'images' | 'warmup' | 'decay'>,
  images: number,
): number {
  if (images < warmup) return images / warmup;
  if (decay.kind === 'constant') return 1;
  const start = Math.max(warmup, decay.flat * total);
  const walked = Math.min(Math.max((images - start) / (total - start), 0), 1);
  return (1 + Math.cos(Math.PI * decay.rate * walked)) / 2;
}
