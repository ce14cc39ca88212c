import { RinError } from '@rin/core';

/** That even `what` finds no room, and what would take less. */
export const tooLarge = (what: string): RinError =>
  new RinError(
    `there is not enough memory for ${what}; it takes less with larger patches (model.patch), fewer or narrower tokens ` +
      '(model.latents, model.latentDim, model.interfaceDim), fewer layers (model.depth) or training.precision bfloat16',
  );

/** That a pass takes fewer images from now on. */
export const lessMemory = (before: number, now: number, batch: number): string =>
  `out of memory with ${before} images in one pass: from here on ${now}, in ${batch / now} passes; the batch stays ${batch}`;

/** The largest size of equal parts of `batch` that is at most `most`, which is at least 1. */
export function partOf(batch: number, most: number): number {
  let size = Math.min(batch, most);
  while (batch % size !== 0) size--;
  return size;
}

/** The largest size of equal parts of `batch` that is at most half of `size`; 0 if `size` is 1. */
export const halved = (size: number, batch: number): number => (size > 1 ? partOf(batch, Math.floor(size / 2)) : 0);
