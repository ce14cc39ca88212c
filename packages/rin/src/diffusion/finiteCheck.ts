import { RinError } from '@rin/core';
import { maximum, type Tensor, zeros } from '@rin/torch';
import type { RIN } from '../model/rin.js';

/**
 * Notes the largest output of each step, and looks at them at the end, because every look waits for the device. Clipping
 * makes a picture of anything, even a black one of NaN.
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
    largest.copy_(maximum(prediction.abs().amax(), largest));
  }

  /** @throws RinError if an output was infinite or NaN, with its step */
  check(): void {
    const values = Array.from(this.#largest.toTypedArray(), Number);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return;
    throw new RinError(
      `sampling: the network's output is infinite or NaN at step ${wrong + 1} of ${values.length} ` +
        `(γ = ${this.#gammas[wrong]}). Its weights come from a training that diverged; take an earlier checkpoint or another model`,
    );
  }

  [Symbol.dispose](): void {
    this.#largest.dispose();
  }
}
