import { isOutOfMemory, RinError } from '@rin/core';
import { releaseFreeMemory } from '@rin/torch';
import type { Config } from '../config/config.js';
import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { saveModel } from '../diffusion/modelFile.js';
import { sample } from '../diffusion/sample.js';
import { change } from '../disk/wholeFiles.js';
import { type Counters, imagesLabel, noCounters, pruneCheckpoints, saveCheckpoint } from '../runs/checkpoint.js';
import { modelName } from '../runs/namedModel.js';
import { isFinished } from '../runs/openRun.js';
import { hasPreviews, type RunDirectory } from '../runs/runDirectory.js';
import type { Learner } from './learner.js';
import { rateShare } from './learningRate.js';
import { type Layout, previewLayout, realPictures, writePreview } from './preview.js';
import { timeLine } from './resources/forecast.js';
import type { Validation } from './validation.js';

/** Where training stands. */
export interface Progress {
  /** images seen, of `total` */
  readonly images: number;
  readonly total: number;
  /** mean over recent updates; null before the first one */
  readonly loss: number | null;
  readonly learningRate: number;
  /** of the averaged weights on held-out data, at the last line of stats.jsonl; null before, and where none are held out */
  readonly validationLoss: number | null;
  /** over recent updates; null before the first one */
  readonly imagesPerSecond: number | null;
  /** memory of the process in bytes */
  readonly memory: number;
  /** present while a preview is drawn */
  readonly sampling?: { readonly step: number; readonly steps: number };
}

export interface SessionOptions {
  readonly config: Config;
  /** what is trained */
  readonly data: Dataset;
  readonly validation?: Validation;
  readonly meanSquare: number;
  readonly directory: RunDirectory;
  readonly learner: Learner;
  /** of the checkpoint that the learner was restored from */
  readonly counters?: Counters;
  readonly say: (text: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** One stretch of a run: from a checkpoint, or the start, to the end or an interruption. Its learner is disposed with it. */
export class Session implements Disposable {
  readonly #options: SessionOptions;
  readonly #layout: Layout;
  #counters: Counters;
  /** images at which the newest checkpoint was made */
  #saved: number;
  #validationLoss: number | null = null;
  #isTimeTold = false;
  /** of recent updates */
  readonly #loss = new Recent();
  readonly #seconds = new Recent();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#layout = previewLayout(options.config, options.data.classes);
    this.#counters = options.counters ?? noCounters;
    this.#saved = this.#counters.images;
  }

  async run(): Promise<{ images: number; finished: boolean }> {
    const { config, data, directory, signal } = this.#options;
    const { batch } = config.training;
    const reals = 'reals.png';
    if (hasPreviews(config) && !directory.has(reals))
      await writePreview(directory.file(reals), realPictures(data, this.#layout), this.#layout);
    const loader = new Loader(data, { seed: config.seed, batch, flip: config.data.flip });
    try {
      for (;;) {
        await this.#makeWhatIsDue();
        if (this.#isLast || signal?.aborted) break;
        await this.#update(loader);
      }
    } finally {
      await loader.close();
    }
    return { images: this.#counters.images, finished: await isFinished(directory, config) };
  }

  [Symbol.dispose](): void {
    this.#options.learner[Symbol.dispose]();
  }

  get #isLast(): boolean {
    return this.#counters.images >= this.#options.config.training.images;
  }

  /** Whether the last update went past a multiple of `every` images; at the end everything is due. */
  #isDue(every: number): boolean {
    const { images } = this.#counters;
    const before = images - this.#options.config.training.batch;
    return every > 0 && images > 0 && (this.#isLast || Math.floor(images / every) > Math.floor(before / every));
  }

  /** How files made now are called: by the multiple of `every` that was just passed, else by the images seen. */
  #label(every: number): string {
    const { images } = this.#counters;
    if (this.#isLast) return imagesLabel(this.#options.config.training.images);
    return imagesLabel(this.#isDue(every) ? Math.floor(images / every) * every : images);
  }

  async #update(loader: Loader): Promise<void> {
    const { config, learner } = this.#options;
    const { batch, logEvery } = config.training;
    const { images, updates, lossSum, normSum, summed, seconds } = this.#counters;
    const began = performance.now();
    const given = await loader.next(images);
    const { microBatch } = learner;
    const found = await learner.update(given, images, updates);
    if (learner.microBatch < microBatch) this.#options.say(lessMemory(microBatch, learner.microBatch, batch));
    if (!Number.isFinite(found.loss)) throw this.#diverged(`loss became ${found.loss}`);
    if (!Number.isFinite(found.gradientNorm)) throw this.#diverged(`gradient's norm became ${found.gradientNorm}`);
    const took = (performance.now() - began) / 1000;
    this.#counters = {
      images: images + batch,
      updates: updates + 1,
      lossSum: lossSum + found.loss,
      normSum: normSum + found.gradientNorm,
      summed: summed + 1,
      seconds: seconds + took,
    };
    this.#loss.add(found.loss);
    this.#seconds.add(took);
    this.#tellTime();
    if (this.#isDue(logEvery)) await this.#record();
    this.#report();
  }

  /** A line in stats.jsonl and timing.jsonl; the sums begin anew. */
  async #record(): Promise<void> {
    const { config, directory, validation, learner } = this.#options;
    const { images, updates, lossSum, normSum, summed, seconds } = this.#counters;
    const learningRate = this.#learningRate(images - config.training.batch);
    if (validation) this.#validationLoss = await validation.loss(learner);
    directory.record('stats', {
      images,
      updates,
      loss: lossSum / summed,
      ...(this.#validationLoss !== null && { validationLoss: this.#validationLoss }),
      gradientNorm: normSum / summed,
      learningRate,
    });
    const { rss } = process.memoryUsage();
    const time = new Date().toISOString();
    directory.record('timing', { images, time, seconds, imagesPerSecond: this.#speed, memory: rss });
    this.#counters = { ...this.#counters, lossSum: 0, normSum: 0, summed: 0 };
  }

  /** Once, when the speed is known. */
  #tellTime(): void {
    const { count, mean } = this.#seconds;
    if (mean === null || this.#speed === null || this.#isTimeTold || (count < 20 && (count < 3 || count * mean < 30)))
      return;
    this.#isTimeTold = true;
    const left = this.#options.config.training.images - this.#counters.images;
    if (left > 0) this.#options.say(timeLine(left, this.#speed, `over the first ${count} updates`));
  }

  /** Learning rate of the update that follows `images` images. */
  #learningRate(images: number): number {
    const { training } = this.#options.config;
    return training.learningRate * rateShare(training, images);
  }

  get #speed(): number | null {
    const { mean } = this.#seconds;
    return mean === null ? null : this.#options.config.training.batch / mean;
  }

  #report(sampling?: Progress['sampling']): void {
    const { images } = this.#counters;
    this.#options.onProgress?.({
      images,
      total: this.#options.config.training.images,
      loss: this.#loss.mean,
      validationLoss: this.#validationLoss,
      learningRate: this.#learningRate(images),
      imagesPerSecond: this.#speed,
      memory: process.memoryUsage.rss(),
      ...(sampling && { sampling }),
    });
  }

  /** Previews, model and checkpoint, as far as they are not there yet: what a resumed run finds, it does not make again. */
  async #makeWhatIsDue(): Promise<void> {
    const { config, directory, signal } = this.#options;
    const { sampleEvery, checkpointEvery } = config.training;
    if (hasPreviews(config) && this.#isDue(sampleEvery)) await this.#preview(`fakes-${this.#label(sampleEvery)}.png`);
    const isNew = this.#counters.images !== this.#saved;
    if (isNew && (signal?.aborted || this.#isDue(checkpointEvery))) await this.#save(this.#label(checkpointEvery));
    else if (this.#isLast && !directory.has(modelName)) await this.#saveModel();
  }

  async #preview(name: string): Promise<void> {
    const { config, data, meanSquare, directory, learner, signal, say } = this.#options;
    if (directory.has(name) || signal?.aborted) return;
    this.#checkWeights();
    const { classes } = this.#layout;
    const subject = { config, classes: data.classes, meanSquare, network: learner.averages.main };
    try {
      const images = await this.#sampleInMemory(subject, {
        seeds: [...classes.keys()],
        classes: classes.map((label) => (label < 0 ? null : label)),
        signal,
        onStep: ({ step, steps }) => this.#report({ step, steps }),
      });
      await writePreview(directory.file(name), images, this.#layout);
      say(`samples: ${directory.file(name)}`);
    } catch (error) {
      if (!signal?.aborted) throw error; // a preview that was broken off is drawn when the run goes on
    }
  }

  /** As many samples at once as there is memory for. */
  async #sampleInMemory(...[subject, options]: Parameters<typeof sample>): ReturnType<typeof sample> {
    for (let batch = Math.min(64, options.seeds.length); ; batch = Math.ceil(batch / 2)) {
      try {
        return await sample(subject, { ...options, batch });
      } catch (error) {
        if (!isOutOfMemory(error) || batch === 1) throw error;
        releaseFreeMemory();
      }
    }
  }

  async #saveModel(): Promise<void> {
    this.#checkWeights();
    const { config, data, meanSquare, directory, learner } = this.#options;
    const path = directory.file(modelName);
    const content = { config, classes: data.classes, meanSquare, parameters: learner.averages.main.parameters() };
    await change('write', path, () => saveModel(path, content));
  }

  async #save(label: string): Promise<void> {
    const { config, directory, learner } = this.#options;
    await this.#saveModel();
    await saveCheckpoint(directory.path, label, { counters: this.#counters, ...learner.state });
    this.#saved = this.#counters.images;
    await pruneCheckpoints(directory.path, config.training.keepCheckpoints);
  }

  /** A loss tells of the weights before its update; what is saved are those after it. */
  #checkWeights(): void {
    const norm = this.#options.learner.norm();
    if (!Number.isFinite(norm)) throw this.#diverged(`weights' norm became ${norm}`);
  }

  #diverged(what: string): RinError {
    const { config, directory } = this.#options;
    const { learningRate, precision, clipNorm } = config.training;
    const isSaved = this.#saved > 0 || this.#options.counters !== undefined;
    const kept = isSaved ? `the checkpoint at ${this.#saved} images is kept` : 'no checkpoint was made yet';
    const remedies = [
      `a lower training.learningRate (${learningRate} now)`,
      ...(precision === 'float32' ? [] : ['training.precision float32']),
      clipNorm > 0 ? `a lower training.clipNorm (${clipNorm} now)` : 'training.clipNorm 1',
    ];
    return new RinError(
      `${directory.path}: the ${what} after ${this.#counters.images} images; ${kept}. Try ${remedies.join(', or ')}`,
    );
  }
}

const lessMemory = (before: number, now: number, batch: number): string =>
  `out of memory with ${before} images in one pass: from here on ${now}, in ${batch / now} passes; the batch stays ${batch}`;

/** Mean of a value over some 50 updates, the last ones counting most. */
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
