import type { Medium } from '@rin/core';

/** A sample: uint8, planar [C, ...size]. A sound has μ-law companded amplitudes (`expand` of @rin/core). */
export interface Picture {
  readonly medium: Medium;
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** The state of a sampling after a step. */
export interface SampleStep {
  /** step of `steps`, from 1 */
  readonly step: number;
  readonly steps: number;
  /** signal level γ of the newest evaluation */
  readonly gamma: number;
  /** one for each seed: the estimates x̂₀ so far; after the last step the samples */
  readonly pictures: readonly Picture[];
  /** the first of `pictures` */
  readonly picture: Picture;
  /**
   * Where the network looks, if it was wanted: for each seed and each read, how much attention each patch gets, the sum over
   * the latents. Patches in row-major order of `geometry(config.model).predicted.grid`.
   */
  readonly reads?: readonly (readonly Float32Array[])[];
  /** milliseconds that the step took, without waiting */
  readonly ms: number;
}
