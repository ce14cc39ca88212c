import { releaseFreeMemory } from '@rin/torch';
import type { Config } from '../config/config.js';
import type { Dataset } from '../data/dataset.js';
import { saveModel } from '../diffusion/modelFile.js';
import { sample } from '../diffusion/sample.js';
import { change } from '../disk/wholeFiles.js';
import { type Counters, pruneCheckpoints, saveCheckpoint } from '../runs/checkpoint.js';
import { modelName } from '../runs/namedModel.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import { Diverged } from './diverged.js';
import type { Learner } from './learner.js';
import { givenClips, realPictures, writePreview } from './preview.js';
import type { PreviewPlan } from './previewPlan.js';
import type { Progress } from './progress.js';

export interface ArtefactsOptions {
  readonly config: Config;
  /** the samples that the run trains on */
  readonly data: Dataset;
  /** held-out samples, whose first frames a model with given frames continues in previews; absent = none */
  readonly heldOut?: Dataset;
  readonly meanSquare: number;
  readonly directory: RunDirectory;
  readonly learner: Learner;
  /** absent if the run has no previews */
  readonly previews?: PreviewPlan;
  /** images seen at the checkpoint that the run resumes from */
  readonly saved?: number;
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

  /** Writes `reals.png`, pictures of the data. With given frames they are the clips that the previews continue. */
  async reals(): Promise<void> {
    const { data, directory, previews } = this.#options;
    if (!previews) return;
    const { layout } = previews; // it changes with some keys that a resumed run may change
    await writePreview(directory.file('reals.png'), realPictures(this.#shown, layout), layout, data.classes);
  }

  /**
   * Draws samples of the averaged weights. If the signal stops it, the resumed run draws them again.
   * @param label  names the file: `fakes-LABEL.png`
   * @param images seen
   * @returns whether the whole preview was drawn now
   */
  async preview(label: string, images: number, onStep: (step: Progress['sampling']) => void): Promise<boolean> {
    const { config, data, meanSquare, directory, learner, previews, signal, say } = this.#options;
    const path = directory.file(`fakes-${label}.png`);
    if (!previews || directory.has(`fakes-${label}.png`) || signal?.aborted) return false;
    this.#checkWeights(images);
    const { layout, steps, batch } = previews;
    const { classes } = layout;
    const subject = { config, classes: data.classes, meanSquare, network: learner.averages.main };
    const given = givenClips(this.#shown, layout, config.model.givenFrames);
    if (learner.compute.device === 'cpu') releaseFreeMemory(); // its tensors have other sizes, and would not fit into the gaps
    try {
      const drawn = await sample(subject, {
        seeds: [...classes.keys()],
        classes: classes.map((each) => (each < 0 ? null : each)),
        ...{ steps, batch, signal, given },
        onStep: ({ step, seeds }) => {
          const before = Math.floor(seeds[0] / batch);
          onStep({ step: before * steps + step, steps: Math.ceil(classes.length / batch) * steps });
        },
      });
      await writePreview(path, drawn, layout, data.classes);
      say(`samples: ${path}`);
      return true;
    } catch (error) {
      if (!signal?.aborted) throw error;
      return false;
    } finally {
      if (learner.compute.device === 'cpu') releaseFreeMemory();
    }
  }

  /** The data whose clips are shown: those that the network did not see, if it continues clips and there are some. */
  get #shown(): Dataset {
    const { config, data, heldOut } = this.#options;
    return config.model.givenFrames > 0 ? (heldOut ?? data) : data;
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
