import { isOutOfMemory } from '@rin/core';
import type { Config } from '../../config/config.js';
import { Learner } from '../learner.js';
import { planPreviews } from '../previewPlan.js';
import { Remaining } from '../remaining.js';
import { samplesInLoss } from '../validation.js';
import { type Compute, useThreads } from './compute.js';

/** Seconds for timing. Two passes of a single sample are timed even if they take longer. */
const timingSeconds = 2.5;

/**
 * A single sample says little of a batch: on a busy machine threads wait for each other at every operation, however small. So if
 * the time suffices for a single sample only, and it took at most so many seconds, one pass of a few samples follows.
 */
const singleSeconds = 1.25;
const fewSamples = 8;

/** Timed passes of the last size. The fastest one counts, because other work on the machine can only add time. */
const timedPasses = 4;

/**
 * Images per second of passes that change nothing. The passes grow from one sample to a micro-batch, as time allows. The first
 * pass of each size does not count, because it allocates memory and makes kernels. It counts where time is short.
 * @returns undefined if memory ran out; the first update then halves the micro-batch or fails
 */
export function timedSpeed(learner: Pick<Learner, 'microBatch' | 'timePass'>): number | undefined {
  const end = performance.now() + 1000 * timingSeconds;
  const left = () => (end - performance.now()) / 1000;
  try {
    let size = 1;
    for (;;) {
      learner.timePass(size);
      let seconds = learner.timePass(size);
      const next = Math.min(learner.microBatch, 8 * size, Math.floor((left() / 2 / seconds) * size)); // two passes fit
      if (next >= 2 * size) {
        size = next;
        continue;
      }
      for (let passes = 1; passes < timedPasses && left() > seconds; passes++)
        seconds = Math.min(seconds, learner.timePass(size));
      if (size > 1 || learner.microBatch === 1 || seconds > singleSeconds) return size / seconds;
      const few = Math.min(learner.microBatch, fewSamples);
      return Math.max(1 / seconds, few / learner.timePass(few));
    }
  } catch (error) {
    if (isOutOfMemory(error)) return undefined;
    throw error;
  }
}

/** The speed of a training on this machine, and the time of a whole run. */
export interface TrainingTime {
  readonly imagesPerSecond: number;
  /** with previews and held-out losses */
  readonly seconds: number;
}

/**
 * Times short passes of a network with random weights, for up to about 2.5 s. It leaves out the optimiser.
 * @param samples number of samples of the data, of which some may be held out; 0 = unknown
 * @returns undefined if memory ran out
 */
export function trainingTime(config: Config, compute: Compute, samples: number): TrainingTime | undefined {
  useThreads(config.training.threads);
  using learner = new Learner(config, config.diffusion.dataMeanSquare ?? 0.3, compute); // any mean square takes as long
  const imagesPerSecond = timedSpeed(learner);
  if (imagesPerSecond === undefined) return undefined;
  const remaining = new Remaining(config, { previews: planPreviews(config), heldOut: samplesInLoss(config, samples) });
  return { imagesPerSecond, seconds: remaining.seconds(0, imagesPerSecond) };
}
