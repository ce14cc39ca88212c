import type { Config } from '../config/config.js';
import { imagesOf } from '../config/duration.js';
import { planEvaluations } from './evaluator.js';
import { passesOfHeldOut, passesOfImage } from './passes.js';
import type { PreviewPlan } from './previewPlan.js';

/** The work of a run besides its updates. */
export interface Extras {
  /** absent if the run has no previews */
  readonly previews?: PreviewPlan;
  /** held-out samples in one loss; 0 = none */
  readonly heldOut: number;
}

/**
 * Estimates the time that is left of a run: its updates, previews, evaluations and held-out losses. A pass over one picture counts as long
 * as a pass in training, until a preview or an evaluation was timed.
 */
export class Remaining {
  readonly #config: Config;
  readonly #extras: Extras;
  /** measured seconds of a preview */
  #previewSeconds: number | null = null;
  /** measured seconds of an evaluation */
  #evaluationSeconds: number | null = null;

  constructor(config: Config, extras: Extras) {
    this.#config = config;
    this.#extras = extras;
  }

  /** Notes how long a whole preview took. */
  timePreview(seconds: number): void {
    this.#previewSeconds = seconds;
  }

  /** Notes how long a whole evaluation took. */
  timeEvaluation(seconds: number): void {
    this.#evaluationSeconds = seconds;
  }

  /**
   * Seconds to the end of the run.
   * @param images seen
   * @param imagesPerSecond speed of the updates
   * @param now share of the present preview or evaluation that is done; absent if there is none
   */
  seconds(images: number, imagesPerSecond: number, now: { drawn?: number; evaluated?: number } = {}): number {
    const { training } = this.#config;
    const { images: total } = training;
    const logEvery = imagesOf(training.logEvery, training);
    const { previews, heldOut } = this.#extras;
    const passSeconds = 1 / imagesPerSecond / passesOfImage(this.#config);
    const updates = Math.max(0, total - images) / imagesPerSecond;
    const lossSeconds = heldOut * passesOfHeldOut(this.#config) * passSeconds;
    const losses = heldOut > 0 ? multiplesLeft(images, total, logEvery) * lossSeconds : 0;
    const extra = (
      plan: { every: number; passes: number } | undefined,
      measured: number | null,
      done?: number,
    ): number =>
      plan
        ? (multiplesLeft(images, total, plan.every) + (done === undefined ? 0 : 1 - done)) *
          (measured ?? plan.passes * passSeconds)
        : 0;
    const evaluations = extra(planEvaluations(this.#config), this.#evaluationSeconds, now.evaluated);
    return updates + losses + extra(previews, this.#previewSeconds, now.drawn) + evaluations;
  }
}

/** How often a multiple of `every`, or the end of the run, is still to be passed. */
const multiplesLeft = (images: number, total: number, every: number): number =>
  images >= total ? 0 : Math.ceil(total / every) - Math.floor(images / every);
