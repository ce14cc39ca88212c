import type { Arithmetic } from '../arithmetic.js';

/** The keys of guidance in the `sampling` section of a configuration. */
export interface GuidanceOptions {
  /** weight w ≥ 0 */
  readonly guidance: number;
  /** lowest and highest signal level γ with guidance, in [0, 1] */
  readonly guidanceFrom: number;
  readonly guidanceTo: number;
}

/**
 * The weight of guidance at a signal level γ: `guidance` for γ from `guidanceFrom` to `guidanceTo`, 0 outside (Kynkäänniemi et
 * al. 2024, eq. 3). There the unlabelled pass is left out.
 */
export const guidanceAt = ({ guidance, guidanceFrom, guidanceTo }: GuidanceOptions, gamma: number): number =>
  gamma >= guidanceFrom && gamma <= guidanceTo ? guidance : 0;

/** (1 + w)·labelled − w·unlabelled, classifier-free guidance on raw outputs (Ho & Salimans 2022, eq. 6) */
export const guide = <T extends Arithmetic<T>>(labelled: T, unlabelled: T, weight: number): T =>
  labelled.mul(1 + weight).sub(unlabelled.mul(weight));
