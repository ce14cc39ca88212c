import { lengthOf, permute, RinError, uniform } from '@rin/core';
import { mirror } from '../media/planar.js';
import type { Dataset } from './dataset.js';
import { sequencesFor, setSequence } from './sequences.js';

/** B samples of the training stream, or a part of them. */
export interface Batch {
  /** [B, C, ...size], uint8 */
  readonly pixels: Uint8Array;
  /** [B], -1 = no class */
  readonly labels: Int32Array;
  /** [B, s, d_c] condition sequences, if the data have them */
  readonly sequences?: Float32Array;
}

export interface LoaderOptions {
  /** sets the order and the mirroring */
  seed: number;
  /** samples in a batch */
  batch: number;
  /** the part of each batch that is read, from the first number to below the second; default all of it */
  part?: readonly [number, number];
  /** mirror each sample left-right with probability 1/2 */
  flip: boolean;
}

/**
 * The training stream: an endless sequence of samples. Each epoch is a permutation of the data. The sample at a position
 * depends only on (data, seed, position). A run can therefore resume anywhere, and the batch size does not change the
 * order.
 *
 * While a batch is used, the threads of the system read the following batch. They continue while native code blocks the
 * thread of JavaScript.
 */
export class Loader {
  readonly #dataset: Dataset;
  readonly #options: LoaderOptions;
  readonly #sample: number;
  #ahead?: { position: number; batch: Promise<Batch> };
  #closed = false;

  /**
   * @param dataset stays open when the loader is closed
   * @throws RinError if the batch is not an integer from 1
   */
  constructor(dataset: Dataset, options: LoaderOptions) {
    if (!(Number.isInteger(options.batch) && options.batch > 0)) {
      throw new RinError(`loader: batch ${options.batch}: expected an integer from 1`);
    }
    this.#dataset = dataset;
    this.#options = options;
    this.#sample = lengthOf(dataset.shape);
  }

  /**
   * Samples `position` to `position + batch - 1` of the stream, or the loader's part of them. Every position works; consecutive batches are fastest,
   * because they are read ahead.
   * @param position integer from 0
   * @throws RinError if `position` is not an integer from 0, the loader is closed, or the data cannot be read
   */
  next(position: number): Promise<Batch> {
    if (this.#closed) throw new RinError('loader: closed');
    if (!(Number.isSafeInteger(position) && position >= 0)) {
      throw new RinError(`loader: position ${position}: expected an integer from 0`);
    }
    const batch = this.#ahead?.position === position ? this.#ahead.batch : this.#read(position);
    const following = position + this.#options.batch;
    this.#ahead = { position: following, batch: this.#read(following) };
    this.#ahead.batch.catch(() => {}); // an error is thrown when this batch is requested
    return batch;
  }

  /** Waits for reads in progress. The data set stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#ahead?.batch.catch(() => {});
  }

  async #read(position: number): Promise<Batch> {
    const { seed, batch, flip, part: [from, to] = [0, batch] } = this.#options;
    const { length, shape } = this.#dataset;
    const [first, count] = [position + from, to - from];
    const pixels = new Uint8Array(count * this.#sample);
    const labels = new Int32Array(count);
    const sequences = sequencesFor(this.#dataset, count);
    const reads: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const index = permute((first + i) % length, length, seed, Math.floor((first + i) / length));
      const out = pixels.subarray(i * this.#sample, (i + 1) * this.#sample);
      labels[i] = this.#dataset.label(index);
      if (sequences) setSequence(sequences, i, this.#dataset, index);
      if (this.#dataset.readLater) reads.push(this.#dataset.readLater(index, out));
      else this.#dataset.read(index, out);
    }
    await Promise.all(reads);
    if (flip) {
      const width = shape[shape.length - 1];
      for (let i = 0; i < count; i++) {
        if (uniform(seed, 'flip', first + i, 0) < 0.5)
          mirror(pixels.subarray(i * this.#sample, (i + 1) * this.#sample), width);
      }
    }
    return { pixels, labels, ...(sequences && { sequences }) };
  }
}
