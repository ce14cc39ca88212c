import { isOutOfMemory, RinError } from '@rin/core';
import { releaseFreeMemory } from '@rin/torch';
import { saveModel } from '../diffusion/modelFile.js';
import { change } from '../disk/wholeFiles.js';
import { playRate } from '../media/frameRate.js';
import { presentationOf, type Sample } from '../media/presentation.js';
import { type Counters, pruneCheckpoints, saveCheckpoint } from '../runs/checkpoint.js';
import { modelName } from '../runs/namedModel.js';
import { previewFiles, type RunDirectory } from '../runs/runDirectory.js';
import { Diverged } from './diverged.js';
import type { Evaluator, Figures } from './evaluator.js';
import { drawPreview, type PreviewSubject, realSamples, shownData, writePreview } from './preview.js';
import type { PreviewPlan } from './previewPlan.js';
import type { Progress } from './progress.js';
import { alone, type Ranks } from './ranks.js';
import { StoppedElsewhere, sharedBatch } from './sharedSamples.js';
import type { EventFile } from './tensorboard/eventFile.js';

export interface ArtefactsOptions extends PreviewSubject {
  readonly directory: RunDirectory;
  /** the processes that draw previews together; default: this one alone */
  readonly ranks?: Ranks;
  /** absent if the run has no previews */
  readonly previews?: PreviewPlan;
  /** absent if the run does not evaluate */
  readonly evaluator?: Evaluator;
  /** images seen at the checkpoint that the run resumes from */
  readonly saved?: number;
  /** gets the pictures of the previews; absent without `training.tensorboard` */
  readonly board?: EventFile;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Writes the previews, the model and the checkpoints of a run. A preview that exists is not drawn again. */
export class Artefacts {
  readonly #options: ArtefactsOptions;
  #saved: number | null;

  constructor(options: ArtefactsOptions) {
    this.#options = options;
    this.#saved = options.saved ?? null;
  }

  /** Images seen at the newest checkpoint; null before the first checkpoint. */
  get saved(): number | null {
    return this.#saved;
  }

  /** Images from one preview to the next; 0 = no previews. */
  get previewEvery(): number {
    return this.#options.previews?.every ?? 0;
  }

  /** Writes `reals`, samples of the data. With given frames they are the clips that the previews continue. */
  async reals(): Promise<void> {
    const { previews } = this.#options;
    // They are written again, because the layout changes with some keys that a resumed run may change.
    if (!previews) return;
    await this.#write('reals', realSamples(shownData(this.#options), previews.layout));
    this.#board('reals', previewFiles(this.#options.config, 'reals'), 0, false);
  }

  /**
   * Whether a preview must be drawn now. Not if it is there, which TensorBoard is told, nor if this process was told to stop.
   * The arguments are those of `preview`.
   */
  lacksPreview(label: string, images: number): boolean {
    const { config, directory, previews, signal } = this.#options;
    const files = previewFiles(config, `fakes-${label}`);
    if (!previews || signal?.aborted) return false;
    if (!files.every((name) => directory.has(name))) return true;
    this.#board('samples', files, images, false);
    return false;
  }

  /**
   * Draws samples of the averaged weights. If the signal stops it, the resumed run draws them again.
   * @param label  names the file: `fakes-LABEL.png`
   * @param images seen
   * @returns whether the whole preview was drawn now
   */
  async preview(label: string, images: number, onStep: (step: Progress['sampling']) => void): Promise<boolean> {
    return this.lacksPreview(label, images) && this.drawPreview(label, images, onStep);
  }

  /** Draws a preview that is not there yet, as `preview` does. Other ranks must help (`drawPreview` of `preview.ts`). */
  async drawPreview(label: string, images: number, onStep: (step: Progress['sampling']) => void): Promise<boolean> {
    const { config, directory, previews, ranks = alone, signal, say } = this.#options;
    if (!previews) return false;
    this.#checkWeights(images);
    const { layout, steps, batch } = previews;
    const inRound = ranks.count * sharedBatch(layout.classes.length, batch, ranks);
    const rounds = Math.ceil(layout.classes.length / inRound);
    let drawn: Awaited<ReturnType<typeof drawPreview>>;
    try {
      drawn = await drawPreview(this.#options, previews, {
        ...{ ranks, signal },
        onStep: ({ step, seeds }) => {
          const before = Math.floor(seeds[0] / inRound);
          onStep({ step: before * steps + step, steps: rounds * steps });
        },
      });
    } catch (error) {
      if (signal?.aborted || error instanceof StoppedElsewhere) return false;
      throw error;
    }
    await this.#write(`fakes-${label}`, drawn);
    const files = previewFiles(config, `fakes-${label}`);
    this.#board('samples', files, images, true);
    say(`samples: ${files.map((name) => directory.file(name)).join(', ')}`);
    return true;
  }

  /**
   * Measures new samples of the averaged weights.
   * @returns undefined if the run has no evaluations, or if the signal stopped it; the resumed run then measures again
   */
  async evaluate(images: number, onProgress: (done: number) => void): Promise<Figures | undefined> {
    const { config, data, meanSquare, learner, evaluator, signal } = this.#options;
    if (!evaluator || signal?.aborted) return undefined;
    this.#checkWeights(images);
    const subject = { config, classes: data.classes, meanSquare, network: learner.averages.main };
    if (learner.compute.device === 'cpu') releaseFreeMemory(); // as for previews
    try {
      return await evaluator.measure(subject, { onProgress, ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted) return undefined;
      if (!isOutOfMemory(error)) throw error;
      throw new RinError(
        'not enough memory to measure new samples; use a smaller training.microBatch, or set training.evaluateEvery to 0',
      );
    } finally {
      if (learner.compute.device === 'cpu') releaseFreeMemory();
    }
  }

  /** Writes the files of a preview. @param stem their name without the ending */
  async #write(stem: string, samples: readonly Sample[]): Promise<void> {
    const { config, data, directory, previews } = this.#options;
    const shown = presentationOf(config.model);
    if (!previews || !shown) return;
    const paths = previewFiles(config, stem).map((name) => directory.file(name));
    const options = { layout: previews.layout, names: data.classes, shown, frameRate: playRate(config) };
    await writePreview(paths, samples, options);
  }

  /** Gives TensorBoard the PNG of a preview. @param isNew whether it was made now */
  #board(tag: string, files: readonly string[], images: number, isNew: boolean): void {
    const { board, directory } = this.#options;
    for (const name of files) if (name.endsWith('.png')) board?.picture(tag, directory.file(name), images, isNew);
  }

  /** Writes the model and a checkpoint of the same weights, then removes the oldest checkpoints. */
  async checkpoint(label: string, counters: Counters): Promise<void> {
    const { config, directory, learner } = this.#options;
    await this.#writeModel(counters.images);
    await saveCheckpoint(directory.path, label, { counters, ...learner.state });
    this.#saved = counters.images;
    await pruneCheckpoints(directory.path, config.training.keepCheckpoints);
  }

  /** Writes the model if it is missing. @param images seen */
  async model(images: number): Promise<void> {
    if (!this.#options.directory.has(modelName)) await this.#writeModel(images);
  }

  async #writeModel(images: number): Promise<void> {
    this.#checkWeights(images);
    const { config, data, meanSquare, directory, learner } = this.#options;
    const path = directory.file(modelName);
    const parameters = learner.averages.main.parameters();
    await change('write', path, () => saveModel(path, { config, classes: data.classes, meanSquare, parameters }));
  }

  /** Checks weights before they are saved. The last loss does not cover them, because it belongs to the weights before. */
  #checkWeights(images: number): void {
    const { config, learner } = this.#options;
    const norm = learner.norm();
    if (!Number.isFinite(norm))
      throw new Diverged(`weights' norm became ${norm}`, config.training, images, this.#saved);
  }
}
