import { RinError } from '@rin/core';
import { largestDivisor } from '../largestDivisor.js';

/** The error if even the smallest amount of work does not fit. It names settings that need less. @param what does not fit */
export const tooLarge = (what: string): RinError =>
  new RinError(
    `there is not enough memory for ${what}; use larger patches (model.patch), fewer or narrower tokens ` +
      '(model.latents, model.latentDim, model.interfaceDim), fewer layers (model.depth) or training.precision bfloat16',
  );

/** The message that passes get smaller. @param before images in a pass @param now the new number */
export const lessMemory = (before: number, now: number, batch: number): string =>
  `out of memory with ${before} images in one pass: now ${now} images in each of ${batch / now} passes; the batch stays ${batch}`;

/** The largest divisor of `batch` that is at most half of `size`; 0 if `size` is 1. */
export const halved = (size: number, batch: number): number =>
  size > 1 ? largestDivisor(batch, Math.floor(size / 2)) : 0;
