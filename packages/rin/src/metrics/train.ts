import { RinError } from '@rin/core';
import { type TrainOptions, trainOrStop } from '../training/trainer.js';
import { trainingEvaluator } from './trainingEvaluator.js';

/** The result of `train`. */
export interface TrainResult {
  /** folder of the run, with its `model.safetensors` */
  readonly run: string;
  /** images seen: all of the run */
  readonly images: number;
}

/**
 * Trains a network, or resumes the run of the same configuration and data. A run that is interrupted or killed resumes at its
 * newest checkpoint. Weights, samples and `stats.jsonl` are the same, bit for bit, as without the interruption. This holds on
 * one machine with one number of threads.
 *
 * A run can resume with other values of keys that do not change what it learns. These are all of `sampling`, and in `training`
 * `keepCheckpoints`, `checkpointEvery`, `sampleEvery`, `evaluateEvery`, `evaluateCount`, `logEvery`, `threads`, `device`,
 * `microBatch` and `recompute`.
 *
 * A run can resume with more images, even if it is finished, or with fewer, down to the images it has seen. The learning rate
 * then follows the schedule of the new length.
 *
 * The number of classes comes from the data, unless the configuration names `model.classes`; a preset does not count.
 *
 * If `signal` is aborted, the run is saved and `train` rejects with the signal's reason; the same call resumes the run. A signal
 * of the system, such as Ctrl-C, aborts nothing by itself: without a handler it ends the process, and the updates since the
 * newest checkpoint are lost.
 * @throws ConfigError if the configuration is invalid
 * @throws RinError if data, initial model, device or folder do not fit, or another process trains the run
 * @throws RinError if the disk is full, memory does not suffice for a single sample, or a loss or weight is not finite
 * @throws the reason of `signal` if it is aborted
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { run, images, finished } = await trainOrStop({ ...options, openEvaluator: trainingEvaluator() });
  if (run !== null && finished) return { run, images };
  options.signal?.throwIfAborted();
  throw new RinError(`${run}: a file of the run was removed during training; run the same program again`);
}
