import type { Config } from '../config/config.js';
import { imagesOf } from '../config/duration.js';
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
 * Estimates the time that is left of a run: its updates, previews and held-out losses. A pass over one picture counts as long
 * as a pass in training, until a preview was timed.
 */
export class Remaining {
  readonly #config: Config;
  readonly #extras: Extras;
  /** measured seconds of a preview */
  #previewSeconds: number | null = null;

  constructor(config: Config, extras: Extras) {
    this.#config = config;
    this.#extras = extras;
  }

  /** Notes how long a whole preview took. */
  timePreview(seconds: number): void {
    this.#previewSeconds = seconds;
  }

  /**
   * Seconds to the end of the run.
   * @param images seen
   * @param imagesPerSecond speed of the updates
   * @param drawn share of the present preview that is done; absent if none is being drawn
   */
  seconds(images: number, imagesPerSecond: number, drawn?: number): number {
    const { training } = this.#config;
    const { images: total } = training;
    const logEvery = imagesOf(training.logEvery, training);
    const { previews, heldOut } = this.#extras;
    const passSeconds = 1 / imagesPerSecond / passesOfImage(this.#config);
    const updates = Math.max(0, total - images) / imagesPerSecond;
    const lossSeconds = heldOut * passesOfHeldOut(this.#config) * passSeconds;
    const losses = heldOut > 0 ? multiplesLeft(images, total, logEvery) * lossSeconds : 0;
    if (!previews) return updates + losses;
    const previewSeconds = this.#previewSeconds ?? previews.passes * passSeconds;
    const left = multiplesLeft(images, total, previews.every) + (drawn === undefined ? 0 : 1 - drawn);
    return updates + losses + left * previewSeconds;
  }
}

/** How often a multiple of `every`, or the end of the run, is still to be passed. */
const multiplesLeft = (images: number, total: number, every: number): number =>
  images >= total ? 0 : Math.ceil(total / every) - Math.floor(images / every);
