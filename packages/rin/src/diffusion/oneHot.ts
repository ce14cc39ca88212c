import { oneHotRows } from '@rin/core';
import { type Tensor, tensor } from '@rin/torch';
import type { RIN } from '../model/rin.js';

/**
 * Labels as one-hot rows, [B, classes] float32. A row of zeros stands for no class.
 * @param labels  class of each sample, −1 = none
 * @returns       null for a network without classes
 */
export function oneHot(rin: Pick<RIN, 'sample' | 'device'>, labels: ArrayLike<number>): Tensor | null {
  const { classes } = rin.sample;
  if (classes === 0) return null;
  return tensor(oneHotRows(labels, classes), [labels.length, classes], { device: rin.device });
}
