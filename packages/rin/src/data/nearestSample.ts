import type { Image } from '../media/image.js';
import { type Dataset, sampleLength } from './dataset.js';

/** The sample of a data set that is most like a picture. */
export interface Nearest {
  readonly index: number;
  readonly image: Image;
  /** root of the mean squared difference, of pixels from 0 to 1 */
  readonly rmse: number;
}

/**
 * Compares a picture with every sample, pixel by pixel: a small distance says that it is a copy. It reads the whole data
 * set, which is meant to be small.
 * @param except  leave this sample out: to compare the data with themselves
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
