import { RinError } from '@rin/core';

/** A picture: uint8, planar [C, H, W] with 1 (grey) or 3 (sRGB) channels. */
export interface Image {
  /** C × H × W values: the first channel row by row, then the next channels */
  readonly data: Uint8Array;
  /** [C, H, W] */
  readonly shape: readonly number[];
}

/** Returns the image if it is valid. @throws RinError if it is not [1 or 3, H, W], or has another number of values */
export function checkImage(image: Image): Image {
  const { data, shape } = image;
  const fits =
    shape.length === 3 && (shape[0] === 1 || shape[0] === 3) && data.length === shape[0] * shape[1] * shape[2];
  if (fits) return image;
  throw new RinError(`a picture of [${shape.join(', ')}] with ${data.length} values: expected [1 or 3, height, width]`);
}
