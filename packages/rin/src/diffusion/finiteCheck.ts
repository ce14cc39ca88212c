import { RinError } from '@rin/core';
import { maximum, type Tensor, zeros } from '@rin/torch';
import type { RIN } from '../model/rin.js';

/**
 * Checks that the outputs of all steps are finite. It is needed because clipping turns even NaN into a picture, a black one.
 * The values are read only at the end, because each read waits for the device.
 */
export class FiniteCheck implements Disposable {
  /** [steps] */
  readonly #largest: Tensor;
  readonly #gammas: number[] = [];

  constructor(rin: RIN, steps: number) {
    this.#largest = zeros([steps], { device: rin.device });
  }

  /** @param step  from 0 */
  note(prediction: Tensor, step: number, gamma: number): void {
    this.#gammas[step] = gamma;
    const largest = this.#largest.select(0, step);
    const size = maximum(prediction.amax(), prediction.amin().neg()); // of the largest value; NaN if one is NaN
    largest.copy_(maximum(size, largest));
  }

  /** @throws RinError if an output was infinite or NaN; the message names its step */
  check(): void {
    const values = Array.from(this.#largest.toTypedArray(), Number);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return;
    throw new RinError(
      `sampling: the network's output is infinite or NaN at step ${wrong + 1} of ${values.length} ` +
        `(γ = ${this.#gammas[wrong]}). Its training diverged: use an earlier checkpoint or another model`,
    );
  }

  [Symbol.dispose](): void {
    this.#largest.dispose();
  }
}
