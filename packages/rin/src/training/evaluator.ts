import { conditionTokens } from '@rin/core';
import type { Config } from '../config/config.js';
import { imagesOf } from '../config/duration.js';
import type { Dataset } from '../data/dataset.js';
import type { Model } from '../diffusion/modelFile.js';
import { passesAtOnce, samplingPasses } from '../diffusion/samplingPasses.js';

/** Figures of new samples by their names, such as `KID-EffNetLite0`. */
export type Figures = Readonly<Record<string, number>>;

/** What a run asks of an evaluation. */
export interface EvaluateWatch {
  /** is told how many samples are measured, the present ones by their share */
  readonly onProgress: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures new samples of a network while it trains. Dispose it, because it holds a detector. */
export interface Evaluator extends Disposable {
  /** a sentence on what it measures, for the log */
  readonly line: string;
  /** SHA-256 of the detector */
  readonly detector: string;
  /**
   * Draws samples of fixed seeds and measures them.
   * @throws the reason of the signal if it is aborted
   */
  measure(model: Model, watch: EvaluateWatch): Promise<Figures>;
}

/** What an evaluator is opened for. */
export interface EvaluatorRequest {
  readonly config: Config;
  /** the samples that the run trains on, which are the reference */
  readonly data: Dataset;
  /** samples in a batch */
  readonly batch: number;
  readonly device: 'cpu' | 'mps' | `cuda:${number}`;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Opens an evaluator. It measures its reference at the first evaluation. The room `metrics`, which is to the right of this one, has it. */
export type OpenEvaluator = (request: EvaluatorRequest) => Promise<Evaluator>;

/** When a run evaluates, and what it costs. */
export interface EvaluationPlan {
  /** images from one evaluation to the next */
  readonly every: number;
  /** samples in one */
  readonly count: number;
  /** passes of the network for one */
  readonly passes: number;
  /** samples in one batch, which need no more activations than a micro-batch */
  readonly batch: number;
}

/** Plans the evaluations of a run; undefined if it has none. It depends on the configuration alone. */
export function planEvaluations({ model, training, sampling }: Config): EvaluationPlan | undefined {
  const every = imagesOf(training.evaluateEvery, training);
  if (every === 0) return undefined;
  const isConditional = conditionTokens(model) > 0;
  const micro = training.microBatch ?? training.batch;
  return {
    every,
    count: training.evaluateCount,
    passes: training.evaluateCount * samplingPasses(sampling, isConditional),
    batch: Math.max(1, Math.floor(micro / passesAtOnce(sampling, isConditional))),
  };
}
