import { lengthOf } from '@rin/core';
import type { Dataset } from '../data/dataset.js';
import { spreadIndices } from '../data/spreadOver.js';
import type { SampleSource } from './gather.js';

/** Up to `most` samples of a data set at even distances, because data are often sorted by class. */
export function datasetSource(data: Dataset, most: number): SampleSource {
  const indices = spreadIndices(data.length, most);
  const length = lengthOf(data.shape);
  return {
    count: indices.length,
    shape: data.shape,
    async read(first, count) {
      const found: Uint8Array[] = [];
      for (const index of indices.slice(first, first + count)) {
        const pixels = new Uint8Array(length);
        if (data.readLater) await data.readLater(index, pixels);
        else data.read(index, pixels);
        found.push(pixels);
      }
      return found;
    },
  };
}
