import { setImmediate } from 'node:timers/promises';
import { lengthOf, permute, RinError } from '@rin/core';
import { noGrad, scope } from '@rin/torch';
import type { Config } from '../config/config.js';
import { imagesOf } from '../config/duration.js';
import type { Dataset } from '../data/dataset.js';
import type { Batch } from '../data/loader.js';
import { sequencesFor, setSequence } from '../data/sequences.js';
import { trainingLoss } from '../diffusion/objective.js';
import type { Learner } from './learner.js';
import { alone, type Ranks, shareOf } from './ranks.js';

/** Data in two parts without a common sample. */
export interface Split {
  readonly trained: Dataset;
  /** absent if no sample is held out */
  readonly heldOut?: Dataset;
}

/**
 * Holds out the share `training.validation` of the samples: at least one sample, but not all. They are the first samples of a
 * permutation by the seed. So each class has about the same share in both parts.
 * @throws RinError if samples are to be held out and there is only one
 */
export function splitData(data: Dataset, { seed, training: { validation } }: Config): Split {
  const { name, length } = data;
  if (validation === 0) return { trained: data };
  if (length < 2)
    throw new RinError(
      `${name}: training.validation ${validation} needs at least 2 samples, but the data have ${length}`,
    );
  const count = heldOutOf(validation, length);
  return { trained: part(data, seed, count, length - count), heldOut: part(data, seed, 0, count) };
}

/** Number of samples that are held out of `length`, at least 2. @param share above 0 */
export const heldOutOf = (share: number, length: number): number =>
  Math.min(length - 1, Math.max(1, Math.round(share * length)));

/** Number of samples in a held-out loss: one for every 8 images between two lines of stats.jsonl, but no more than there are. */
const inOneLoss = (heldOut: number, training: Config['training']): number =>
  Math.min(heldOut, Math.max(1, Math.floor(imagesOf(training.logEvery, training) / 8)));

/** Number of samples in a held-out loss of a run; 0 = there is no such loss. @param samples number of samples of the data */
export const samplesInLoss = ({ training }: Config, samples: number): number =>
  training.validation > 0 && samples >= 2 ? inOneLoss(heldOutOf(training.validation, samples), training) : 0;

/** `length` samples of the permutation, from `first` on. Name, classes and other facts describe the whole data. */
function part(data: Dataset, seed: number, first: number, length: number): Dataset {
  const { name, shape, classes, meanSquare, memory, skipped, fingerprint } = data;
  const readLater = data.readLater?.bind(data);
  const place = (index: number): number => permute(first + index, data.length, seed, 0, 'validation');
  return {
    ...{ name, length, shape, classes, meanSquare, memory, skipped, fingerprint },
    ...(data.conditionShape && { conditionShape: data.conditionShape }),
    label: (index) => data.label(place(index)),
    condition: (index) => data.condition?.(place(index)),
    read: (index, out) => data.read(place(index), out),
    ...(readLater && { readLater: (index, out) => readLater(place(index), out) }),
    close() {},
  };
}

/**
 * The training loss of the averaged weights on held-out samples, without the network's dropout. Every call uses the same
 * pictures, noise, times, left-out labels and kept estimates. So the values of a run can be compared.
 *
 * A call takes at most one sample for every 8 images between two lines of stats.jsonl. A sample costs less than half as much as
 * in training, because there is no backward pass. So validation adds at most about 6 % to the time.
 */
export class Validation {
  readonly #data: Dataset;
  readonly #config: Config;
  readonly #meanSquare: number;
  readonly #ranks: Ranks;
  /** number of samples that a call uses, the first ones */
  readonly count: number;

  /** @param ranks the processes that share the samples */
  constructor(data: Dataset, config: Config, meanSquare: number, ranks: Ranks = alone) {
    this.#ranks = ranks;
    this.#data = data;
    this.#config = config;
    this.#meanSquare = meanSquare;
    this.count = inOneLoss(data.length, config.training);
  }

  /** @returns mean over the samples of all ranks; the event loop runs after every micro-batch */
  async loss(learner: Learner): Promise<number> {
    const { seed, diffusion } = this.#config;
    const size = learner.microBatch;
    const [from, to] = shareOf(this.count, this.#ranks);
    let sum = 0;
    for (let first = from; first < to; first += size) {
      const batch = this.#read(first, Math.min(size, to - first));
      const draw = { seed, position: first, offset: first, total: this.count, step: 0, training: false };
      const facts = { dtype: learner.compute.dtype, meanSquare: this.#meanSquare };
      const objective = { ...diffusion, timeSampling: 'stratified' } as const; // less noise than independent times
      const mean = scope(() =>
        noGrad(() => trainingLoss(learner.averages.main, objective, batch, { ...draw, ...facts }).item()),
      );
      sum += mean * batch.labels.length;
      await setImmediate();
    }
    const [total] = await this.#ranks.total([sum]);
    return total / this.count;
  }

  #read(first: number, count: number): Batch {
    const sample = lengthOf(this.#data.shape);
    const pixels = new Uint8Array(count * sample);
    for (let i = 0; i < count; i++) this.#data.read(first + i, pixels.subarray(i * sample, (i + 1) * sample));
    const labels = Int32Array.from({ length: count }, (_, i) => this.#data.label(first + i));
    const sequences = sequencesFor(this.#data, count);
    if (sequences) for (let i = 0; i < count; i++) setSequence(sequences, i, this.#data, first + i);
    return { pixels, labels, ...(sequences && { sequences }) };
  }
}
