import { RinError } from '@rin/core';

/** That even `what` finds no room, and what would take less. */
export const tooLarge = (what: string): RinError =>
  new RinError(
    `there is not enough memory for ${what}; it takes less with larger patches (model.patch), fewer or narrower tokens ` +
      '(model.latents, model.latentDim, model.interfaceDim), fewer layers (model.depth) or training.precision bfloat16',
  );

/** The largest size of equal parts of `batch` that is at most half of `size`; 0 where `size` is 1. */
export function halved(size: number, batch: number): number {
  let next = Math.floor(size / 2);
  while (next > 1 && batch % next !== 0) next--;
  return next;
}
