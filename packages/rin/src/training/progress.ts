import type { TrainingConfig } from '../config/training.js';
import { type Counters, noCounters } from '../runs/checkpoint.js';
import type { Stats, Timing } from '../runs/statistics.js';
import type { Figures } from './evaluator.js';
import type { Update } from './learner.js';
import { rateShare } from './learningRate.js';
import type { Remaining } from './remaining.js';
import { timeLine } from './resources/timeLine.js';

/** The state of a training, as `onProgress` gets it. */
export interface Progress {
  /** images seen, at most `total`; the last batch may go past the end */
  readonly images: number;
  /** images of the whole run, `training.images` */
  readonly total: number;
  /** mean over about the last 50 updates; null before the first update */
  readonly loss: number | null;
  /** of the next update */
  readonly learningRate: number;
  /** loss of the averaged weights on held-out data, at the last line of stats.jsonl; null without such a line or such data */
  readonly validationLoss: number | null;
  /** over about the last 50 updates; null before the first update */
  readonly imagesPerSecond: number | null;
  /** seconds to the end of the run, with its previews and held-out losses; an estimate, null before the first update */
  readonly secondsLeft: number | null;
  /** resident memory of the process in bytes */
  readonly memory: number;
  /** present while a preview is drawn; `step` of `steps` over all its batches */
  readonly sampling?: { readonly step: number; readonly steps: number };
  /** figures of new samples at the newest evaluation, by name; absent before the first one since the start of the program */
  readonly figures?: Figures;
  /** present while new samples are evaluated: samples that are measured, out of `total` */
  readonly evaluating?: { readonly done: number; readonly total: number };
}

/** Counts the updates of a run. It also averages loss and time of the recent updates. */
export class Tally {
  readonly #training: TrainingConfig;
  readonly #remaining: Remaining;
  #counters: Counters;
  #validationLoss: number | null = null;
  /** at the newest evaluation */
  figures?: Figures;
  #isTimeTold = false;
  readonly #loss = new Recent();
  readonly #seconds = new Recent();

  /** @param counters of the checkpoint that the run resumes from */
  constructor(training: TrainingConfig, remaining: Remaining, counters: Counters = noCounters) {
    this.#training = training;
    this.#remaining = remaining;
    this.#counters = counters;
  }

  get counters(): Counters {
    return this.#counters;
  }

  /** Counts an update. */
  add({ loss, gradientNorm }: Update, seconds: number): void {
    const { images, updates, lossSum, normSum, summed, seconds: before } = this.#counters;
    this.#counters = {
      images: images + this.#training.batch,
      updates: updates + 1,
      lossSum: lossSum + loss,
      normSum: normSum + gradientNorm,
      summed: summed + 1,
      seconds: before + seconds,
    };
    this.#loss.add(loss);
    this.#seconds.add(seconds);
  }

  /** The next lines of stats.jsonl and timing.jsonl. The sums start at 0 again. @param validationLoss the new one */
  takeLines(validationLoss?: number): { stats: Stats; timing: Timing } {
    const { images, updates, lossSum, normSum, summed, seconds } = this.#counters;
    this.#validationLoss = validationLoss ?? null;
    this.#counters = { ...this.#counters, lossSum: 0, normSum: 0, summed: 0 };
    const time = new Date().toISOString();
    return {
      stats: {
        images,
        updates,
        loss: lossSum / summed,
        ...(validationLoss !== undefined && { validationLoss }),
        gradientNorm: normSum / summed,
        learningRate: this.#learningRate(images - this.#training.batch),
      },
      timing: { images, time, seconds, imagesPerSecond: this.#speed, memory: process.memoryUsage.rss() },
    };
  }

  /** A sentence about the time left: once, as soon as the speed is known; else undefined. */
  takeTime(): string | undefined {
    const { count, mean } = this.#seconds;
    if (mean === null || this.#speed === null || this.#isTimeTold || (count < 20 && (count < 3 || count * mean < 30)))
      return undefined;
    this.#isTimeTold = true;
    const left = this.#training.images - this.#counters.images;
    if (left <= 0) return undefined;
    const seconds = this.#remaining.seconds(this.#counters.images, this.#speed);
    return timeLine(left, seconds, this.#speed, `over the first ${count} updates`);
  }

  progress({ sampling, evaluating }: Pick<Progress, 'sampling' | 'evaluating'> = {}): Progress {
    const { images } = this.#counters;
    const { images: total } = this.#training;
    const now = {
      ...(sampling && { drawn: (sampling.step - 1) / sampling.steps }),
      ...(evaluating && { evaluated: evaluating.done / evaluating.total }),
    };
    return {
      images: Math.min(images, total),
      total,
      loss: this.#loss.mean,
      validationLoss: this.#validationLoss,
      learningRate: this.#learningRate(images),
      imagesPerSecond: this.#speed,
      secondsLeft: this.#speed && this.#remaining.seconds(images, this.#speed, now),
      memory: process.memoryUsage.rss(),
      ...(this.figures && { figures: this.figures }),
      ...(sampling && { sampling }),
      ...(evaluating && { evaluating }),
    };
  }

  /** Learning rate of the update that follows `images` images. */
  #learningRate(images: number): number {
    return this.#training.learningRate * rateShare(this.#training, images);
  }

  get #speed(): number | null {
    const { mean } = this.#seconds;
    return mean === null ? null : this.#training.batch / mean;
  }
}

/** Mean of a value over about 50 updates. The last updates count most. */
class Recent {
  #count = 0;
  #mean = 0;

  get count(): number {
    return this.#count;
  }

  get mean(): number | null {
    return this.#count === 0 ? null : this.#mean;
  }

  add(value: number): void {
    this.#count++;
    this.#mean += Math.max(1 / this.#count, 0.04) * (value - this.#mean);
  }
}
