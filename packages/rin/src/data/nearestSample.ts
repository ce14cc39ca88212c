import type { Image } from '../media/image.js';
import { type Dataset, sampleLength } from './dataset.js';

/** The sample of a data set that is nearest to a picture. */
export interface Nearest {
  readonly index: number;
  readonly image: Image;
  /** root mean squared difference of values scaled to [0, 1] */
  readonly rmse: number;
}

/**
 * Finds the sample that is nearest to a picture, pixel by pixel. A small distance means that the picture is a copy. The
 * whole data set is read, so it should be small.
 * @param image  [C, H, W], as the samples
 * @param except index of a sample to ignore, to compare the data with themselves; default −1 = no sample
 * @returns the sample with the smallest root mean squared difference; the first one if several are equal
 * @throws RinError if the data cannot be read
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
