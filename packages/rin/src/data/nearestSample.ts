import type { Image } from '../media/image.js';
import { type Dataset, sampleLength } from './dataset.js';

/** The sample of a data set that is most like a picture. */
export interface Nearest {
  readonly index: number;
  readonly image: Image;
  /** root of the mean squared difference of values from 0 to 1 */
  readonly rmse: number;
}

/**
 * Finds the sample that is most like a picture, pixel by pixel: a small distance says that the picture is a copy. The whole
 * data set is read, so it should be small.
 * @param image  of the shape of the samples
 * @param except index of a sample that is left out, to compare the data with themselves; default −1 = none
 * @returns the first of the samples with the smallest root mean squared difference
 */
export function nearestSample(dataset: Dataset, { data, shape }: Image, except = -1): Nearest {
  const pixels = new Uint8Array(sampleLength(dataset.shape));
  let best = { index: -1, sum: Number.POSITIVE_INFINITY };
  for (let index = 0; index < dataset.length; index++) {
    if (index === except) continue;
    dataset.read(index, pixels);
    let sum = 0;
    for (let i = 0; i < pixels.length && sum < best.sum; i++) sum += (pixels[i] - data[i]) ** 2;
    if (sum < best.sum) best = { index, sum };
  }
  dataset.read(best.index, pixels);
  return { index: best.index, image: { data: pixels, shape }, rmse: Math.sqrt(best.sum / pixels.length) / 255 };
}
