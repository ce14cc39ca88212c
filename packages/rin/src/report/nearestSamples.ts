import { setImmediate as turn } from 'node:timers/promises';
import { lengthOf } from '@rin/core';
import { noGrad, scope, type Tensor, tensor } from '@rin/torch';
import type { Dataset } from '../data/dataset.js';
import type { Image } from '../media/image.js';
import { mirror } from '../media/planar.js';

/** The sample of a data set that is nearest to a picture. */
export interface Nearest {
  readonly index: number;
  /** the sample; its mirror image, if that is nearer and `mirrored` is set */
  readonly image: Image;
  /** root mean squared difference of values scaled to [0, 1] */
  readonly rmse: number;
}

/** Options of `nearestSamples`. */
export interface NearestOptions {
  /** for each picture, the index of a sample to ignore; to compare the data with themselves */
  readonly except?: readonly number[];
  /** compare with the mirror image of each sample too, because training with `data.flip` saw both */
  readonly mirrored?: boolean;
  /** is called after each block of samples with the share that is done, from 0 to 1 */
  readonly onProgress?: (share: number) => void;
  /** when it is aborted, the search throws its reason */
  readonly signal?: AbortSignal;
}

/** Most values of a block of samples, and of the pictures that are compared at once. They take 8 bytes each. */
const mostValues = { samples: 2 ** 20, pictures: 2 ** 23 } as const;

/** A picture to compare, and the best sample so far. */
interface Search {
  readonly image: Image;
  readonly except: number;
  best: { index: number; sum: number; isMirrored: boolean };
}

/**
 * Finds for each picture the sample that is nearest, value by value. A small distance means that the picture is a copy. The
 * samples are read once in blocks, so they need not fit into memory. They are read once more for each further 8 million values
 * of pictures.
 * @param images [C, H, W] each, as the samples
 * @returns the sample with the smallest root mean squared difference; the first one if several are equal. The distances are
 *     exact up to the last root.
 * @throws RinError if the data cannot be read
 */
export async function nearestSamples(
  dataset: Dataset,
  images: readonly Image[],
  { except = [], mirrored = false, onProgress, signal }: NearestOptions = {},
): Promise<Nearest[]> {
  const length = lengthOf(dataset.shape);
  const searches = images.map(
    (image, i): Search => ({
      image,
      except: except[i] ?? -1,
      best: { index: -1, sum: Number.POSITIVE_INFINITY, isMirrored: false },
    }),
  );
  const together = Math.max(1, Math.floor(mostValues.pictures / length / (mirrored ? 2 : 1)));
  for (let first = 0; first < searches.length; first += together) {
    const part = searches.slice(first, first + together);
    for await (const share of searchData(dataset, part, mirrored)) {
      onProgress?.((first + share * part.length) / searches.length);
      signal?.throwIfAborted();
    }
  }
  return searches.map(({ best }) => found(dataset, best));
}

/** Compares pictures with all samples, block by block. Yields the share of the samples that is done. */
async function* searchData(dataset: Dataset, searches: Search[], mirrored: boolean): AsyncGenerator<number> {
  const length = lengthOf(dataset.shape);
  const isMirrored = mirrored ? [false, true] : [false];
  const pictures = isMirrored.flatMap((mirror) =>
    searches.map(({ image }) => (mirror ? mirrorImage(image) : image).data),
  );
  using queries = matrix(pictures, length);
  using norms = squaredNorms(queries);
  const most = Math.max(1, Math.floor(mostValues.samples / length));
  for (let first = 0; first < dataset.length; first += most) {
    const samples = Array.from({ length: Math.min(most, dataset.length - first) }, (_, i) => {
      const pixels = new Uint8Array(length);
      dataset.read(first + i, pixels);
      return pixels;
    });
    const sums = squaredDistances(queries, norms, samples); // [pictures, samples]
    for (let row = 0; row < pictures.length; row++) {
      const search = searches[row % searches.length];
      for (let i = 0; i < samples.length; i++) {
        const sum = sums[row * samples.length + i];
        if (sum < search.best.sum && first + i !== search.except)
          search.best = { index: first + i, sum, isMirrored: row >= searches.length };
      }
    }
    await turn();
    yield (first + samples.length) / dataset.length;
  }
}

/** uint8 pictures as rows of float64, in which sums of products of bytes are exact. */
const matrix = (pictures: readonly Uint8Array[], length: number): Tensor =>
  scope(() => tensor(Buffer.concat(pictures), [pictures.length, length]).to('float64'));

const squaredNorms = (rows: Tensor): Tensor => scope(() => noGrad(() => rows.square().sum([1])));

/** ‖a − b‖² = ‖a‖² + ‖b‖² − 2·a·b for each picture a and sample b, row by row. */
function squaredDistances(queries: Tensor, norms: Tensor, samples: readonly Uint8Array[]): Float64Array {
  using sums = scope(() =>
    noGrad(() => {
      const rows = matrix(samples, queries.shape[1]);
      const products = queries.matmul(rows.transpose(0, 1));
      return norms
        .reshape([-1, 1])
        .add(squaredNorms(rows).reshape([1, -1]))
        .sub(products.mul(2));
    }),
  );
  return sums.toTypedArray() as Float64Array;
}

function found(dataset: Dataset, { index, sum, isMirrored }: Search['best']): Nearest {
  const { shape } = dataset;
  const image: Image = { data: new Uint8Array(lengthOf(shape)), shape };
  dataset.read(index, image.data);
  return {
    index,
    image: isMirrored ? mirrorImage(image) : image,
    rmse: Math.sqrt(sum / image.data.length) / 255,
  };
}

/** The picture with left and right exchanged. */
function mirrorImage({ data, shape }: Image): Image {
  const mirrored = Uint8Array.from(data);
  mirror(mirrored, shape[shape.length - 1]);
  return { data: mirrored, shape };
}
