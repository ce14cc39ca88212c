import { count } from '@rin/core';
import type { Config } from '../config/config.js';
import { type Duration, imagesOf } from '../config/duration.js';
import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { type Counters, imagesLabel } from '../runs/checkpoint.js';
import { Diverged } from './diverged.js';
import { planEvaluations } from './evaluator.js';
import type { Learner } from './learner.js';
import { type Progress, Tally } from './progress.js';
import { alone, type Ranks } from './ranks.js';
import type { Recorder } from './recorder.js';
import type { Remaining } from './remaining.js';
import { lessMemory } from './resources/outOfMemory.js';
import type { ArtefactWriter } from './sharedArtefacts.js';
import type { Validation } from './validation.js';

export interface SessionOptions {
  readonly config: Config;
  /** the samples to train on */
  readonly data: Dataset;
  readonly learner: Learner;
  /** counters of the checkpoint that the learner was restored from */
  readonly counters?: Counters;
  readonly validation?: Validation;
  readonly remaining: Remaining;
  /** if absent, nothing is recorded */
  readonly recorder?: Recorder;
  /** gets the sentences about this process */
  readonly say?: (text: string) => void;
  /** if absent, no previews, model or checkpoints are written */
  readonly artefacts?: ArtefactWriter;
  /** the processes that train together; default: this one alone */
  readonly ranks?: Ranks;
  /** SHA-256 of the detector of the evaluations; absent if there are none */
  readonly detector?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/**
 * One stretch of a run: from its start or a checkpoint, to its end or an interruption. Disposing the session disposes its
 * learner.
 */
export class Session implements Disposable {
  readonly #options: SessionOptions;
  readonly #tally: Tally;
  /** Whether the micro-batch was halved since the newest checkpoint. The next checkpoint comes at once to keep the new size. */
  #isHalved = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#tally = new Tally(options.config.training, options.remaining, options.counters);
  }

  /**
   * Trains until the run ends, or the signal of any rank is aborted.
   * @returns images seen, at most `training.images`; the last batch may go past the end
   * @throws Diverged if a loss, a gradient or a weight is not finite
   * @throws RankError if another rank is missing
   */
  async run(): Promise<number> {
    const { config, data, artefacts, learner } = this.#options;
    const { batch } = config.training;
    const loader = new Loader(data, { seed: config.seed, batch, flip: config.data.flip, part: learner.part });
    try {
      await artefacts?.reals();
      for (;;) {
        const stops = await this.#makeWhatIsDue();
        if (this.#isLast || stops) return Math.min(this.#images, config.training.images);
        await this.#update(loader);
      }
    } finally {
      await loader.close();
    }
  }

  [Symbol.dispose](): void {
    this.#options.learner[Symbol.dispose]();
  }

  /** Images seen at the newest checkpoint; null before the first one. */
  get saved(): number | null {
    return this.#options.artefacts?.saved ?? null;
  }

  get #images(): number {
    return this.#tally.counters.images;
  }

  get #isLast(): boolean {
    return this.#images >= this.#options.config.training.images;
  }

  /** Whether the last update passed a multiple of the duration. At the end, everything is due. */
  #isDue(duration: Duration): boolean {
    const every = imagesOf(duration, this.#options.config.training);
    const before = this.#images - this.#options.config.training.batch;
    return (
      every > 0 && this.#images > 0 && (this.#isLast || Math.floor(this.#images / every) > Math.floor(before / every))
    );
  }

  /** Label of files that are written now: the multiple of the duration that was just passed, else the images seen. */
  #label(duration: Duration): string {
    if (this.#isLast) return imagesLabel(this.#options.config.training.images);
    const every = imagesOf(duration, this.#options.config.training);
    return imagesLabel(this.#isDue(duration) ? Math.floor(this.#images / every) * every : this.#images);
  }

  async #update(loader: Loader): Promise<void> {
    const { config, learner, recorder, say, onProgress } = this.#options;
    const { images, updates } = this.#tally.counters;
    const { microBatch } = learner;
    const began = performance.now();
    const found = await learner.update(await loader.next(images), images, updates);
    if (learner.microBatch < microBatch) {
      this.#isHalved = true;
      say?.(lessMemory(microBatch, learner.microBatch, config.training.batch));
    }
    this.#checkFinite('loss', found.loss);
    this.#checkFinite("gradient's norm", found.gradientNorm);
    this.#tally.add(found, (performance.now() - began) / 1000);
    const time = this.#tally.takeTime();
    if (time !== undefined && recorder) say?.(time);
    if (this.#isDue(config.training.logEvery)) await this.#record();
    onProgress?.(this.#tally.progress());
  }

  #checkFinite(what: string, value: number): void {
    const { config, artefacts } = this.#options;
    if (!Number.isFinite(value))
      throw new Diverged(`${what} became ${value}`, config.training, this.#images, artefacts?.saved ?? null);
  }

  async #record(): Promise<void> {
    const { learner, validation, recorder } = this.#options;
    const lines = this.#tally.takeLines(await validation?.loss(learner));
    recorder?.record(lines);
  }

  async #preview(artefacts: ArtefactWriter): Promise<void> {
    const { remaining, onProgress } = this.#options;
    const began = performance.now();
    const onStep = (sampling: Progress['sampling']) => onProgress?.(this.#tally.progress({ sampling }));
    const isDrawn = await artefacts.preview(this.#label(artefacts.previewEvery), this.#images, onStep);
    if (isDrawn) remaining.timePreview((performance.now() - began) / 1000);
  }

  /** Measures new samples and records their figures, unless that was done before the run was resumed. */
  async #evaluate(artefacts: ArtefactWriter, total: number): Promise<void> {
    const { detector, recorder, remaining, onProgress } = this.#options;
    const images = this.#images;
    if (detector === undefined || !recorder || recorder.hasFigures(images)) return;
    const began = performance.now();
    const onDone = (done: number) => onProgress?.(this.#tally.progress({ evaluating: { done, total } }));
    const figures = await artefacts.evaluate(images, onDone);
    if (!figures) return;
    recorder.evaluated({ images, figures, evaluated: total, detector });
    this.#tally.figures = figures;
    remaining.timeEvaluation((performance.now() - began) / 1000);
    onProgress?.(this.#tally.progress());
    const told = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
    recorder.say(`${count(Math.min(images, this.#options.config.training.images))} images: ${told.join(', ')}`);
  }

  /** Rank 0 evaluates. If that fails, the run ends, but first it saves: another try then starts with the evaluation. */
  async #evaluateOrSave(artefacts: ArtefactWriter, total: number): Promise<void> {
    const { ranks = alone } = this.#options;
    let failure: unknown;
    const isDone = await ranks.first(async () => {
      try {
        await this.#evaluate(artefacts, total);
        return true;
      } catch (error) {
        failure = error;
        return false;
      }
    });
    if (isDone) return;
    if (this.#images !== (artefacts.saved ?? 0)) await this.#save(artefacts);
    await ranks.first(() => Promise.reject(failure));
  }

  async #save(artefacts: ArtefactWriter): Promise<void> {
    await this.#options.recorder?.flush();
    await artefacts.checkpoint(this.#label(this.#options.config.training.checkpointEvery), this.#tally.counters);
  }

  /** @returns whether training stops now, the same on every rank */
  async #makeWhatIsDue(): Promise<boolean> {
    const { config, artefacts, signal } = this.#options;
    const { checkpointEvery } = config.training;
    if (artefacts && this.#isDue(artefacts.previewEvery)) await this.#preview(artefacts);
    const evaluations = planEvaluations(config);
    if (artefacts && evaluations && this.#isDue(evaluations.every))
      await this.#evaluateOrSave(artefacts, evaluations.count);
    const [stops, isHalved] = await this.#onAnyRank([signal?.aborted === true, this.#isHalved]);
    if (!artefacts) return stops;
    const isNew = this.#images !== (artefacts.saved ?? 0);
    if (isNew && (stops || isHalved || this.#isDue(checkpointEvery))) {
      await this.#save(artefacts);
      this.#isHalved = false;
      return (await this.#onAnyRank([signal?.aborted === true]))[0]; // nothing new is lost here
    }
    if (this.#isLast) await artefacts.model(this.#images);
    return stops;
  }

  /** Whether each of the facts is true on at least one rank. */
  async #onAnyRank(facts: readonly boolean[]): Promise<boolean[]> {
    const { ranks = alone } = this.#options;
    return (await ranks.total(facts.map(Number))).map((ranksWithIt) => ranksWithIt > 0);
  }
}
