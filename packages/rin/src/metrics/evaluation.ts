import type { SamplingConfig } from '../config/diffusion.js';
import type { Figure } from './figures.js';

/** Everything besides the model that a figure depends on. Figures with different protocols cannot be compared. */
export interface Protocol {
  readonly detector: {
    readonly name: string;
    /** file name of the weights */
    readonly file: string;
    readonly sha256: string;
    /** resize rule and range of the input */
    readonly preprocessing: string;
  };
  readonly medium: 'picture' | 'clip';
  /** [C, ...size] of the samples; they have whole values from 0 to 255 before the detector scales them */
  readonly shape: readonly number[];
  /** type of the samples' values */
  readonly quantised: 'uint8';
  /** samples that were evaluated */
  readonly count: number;
  readonly reference: {
    /** name of the data, or of the file of statistics */
    readonly name: string;
    /** fingerprint of the data, or SHA-256 of the file */
    readonly digest: string;
    /** `all`, `training part`, `held-out part`; `unknown` for a file of another program */
    readonly part: string;
    /** samples of the reference; null = unknown */
    readonly count: number | null;
    /** how they were scaled to the shape */
    readonly resize: string;
  };
  /** how samples were drawn from a model; null for samples that were there already */
  readonly sampling:
    | (SamplingConfig & { readonly seeds: string; readonly classes: string; readonly given: string })
    | null;
}

/** What was evaluated. */
export interface Subject {
  /** the model, run or folder as it was named; a program may name it as it likes */
  readonly name: string;
  /** name of the average of the weights, or `weights` for the weights themselves; null for samples that were there already */
  readonly average: string | null;
  /** images that the model had seen; null = unknown */
  readonly images: number | null;
  /** SHA-256 of the weights, or the fingerprint of the samples */
  readonly digest: string;
}

/** Figures of one set of samples, with all that they depend on. */
export interface Evaluation {
  /** when it ended, ISO 8601, UTC */
  readonly time: string;
  readonly subject: Subject;
  readonly protocol: Protocol;
  /** the most trustworthy for this number of samples first */
  readonly figures: readonly Figure[];
  /** remarks on how far the figures can be trusted */
  readonly notes: readonly string[];
}
