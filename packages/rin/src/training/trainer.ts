import { count, isOutOfMemory, RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse.js';
import type { Dataset } from '../data/dataset.js';
import type { DataProgress } from '../data/progress.js';
import { lockRun } from '../disk/lock.js';
import { imagesLabel, loadNewest, noCounters, saveCheckpoint } from '../runs/checkpoint.js';
import { isFinished, openRun } from '../runs/openRun.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import { Artefacts } from './artefacts.js';
import { Diverged } from './diverged.js';
import { checkInitialModel, initialDigest, startFromModel } from './initialModel.js';
import { Learner } from './learner.js';
import { type DataInput, openData } from './openData.js';
import type { Progress } from './progress.js';
import { Recorder } from './recorder.js';
import { chooseCompute, useThreads } from './resources/compute.js';
import { trainingCost } from './resources/cost.js';
import { diskLine, memoryLines, sizeOf, timedSpeed, timeLine } from './resources/forecast.js';
import { tooLarge } from './resources/outOfMemory.js';
import { Session } from './session.js';
import { type Split, splitData, Validation } from './validation.js';

/** What `train` trains, on what, and whom it tells. */
export interface TrainOptions {
  readonly config: Config;
  readonly data: DataInput;
  /** folder of the run itself; default: a numbered one in `runsFolder` */
  readonly run?: string;
  /** default `runs` */
  readonly runsFolder?: string;
  /** start another run even where there is one of the same configuration and data */
  readonly fresh?: boolean;
  /** is called after every update, and while previews are drawn */
  readonly onProgress?: (progress: Progress) => void;
  /** is called while pictures are decoded */
  readonly onDataProgress?: (progress: DataProgress) => void;
  /** is told, in sentences, what happens; they also go to `log.txt` of the run */
  readonly log?: (text: string) => void;
  /** when aborted, training ends after the update at hand, with a checkpoint */
  readonly signal?: AbortSignal;
}

/** How far `train` came. */
export interface TrainResult {
  /** folder of the run; null where training was stopped before there was one */
  readonly run: string | null;
  /** images seen */
  readonly images: number;
  readonly finished: boolean;
}

/**
 * Trains a network, or goes on with the run of the same configuration and data that was interrupted. Weights, samples and
 * `stats.jsonl` become the same, bit for bit, wherever and however often a run is interrupted or killed (on one machine,
 * with one number of threads).
 * @throws {RinError} where configuration, data or folder do not fit, the disk is full, or the loss is not finite
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { signal } = options;
  const config = parseConfig(options.config, 'configuration');
  chooseCompute(config.training); // what cannot be is told before data are decoded, which may take an hour
  await checkInitialModel(config);
  let data: Dataset;
  try {
    data = await openData(options.data, config, { onProgress: options.onDataProgress, onNotice: options.log, signal });
  } catch (error) {
    if (signal?.aborted) return { run: null, images: 0, finished: false };
    throw error;
  }
  try {
    return await trainOn(data, config, options);
  } finally {
    if (data !== options.data) data.close();
  }
}

async function trainOn(data: Dataset, config: Config, options: TrainOptions): Promise<TrainResult> {
  const { run, runsFolder = 'runs', fresh = false, log = () => {} } = options;
  const split = splitData(data, config);
  let said: readonly string[] = []; // anew at every attempt to make the run
  const begin = async (folder: string): Promise<void> => {
    if (config.training.init === undefined) return;
    using learner = untrained(config, data);
    said = [await startFromModel(learner, config, config.training.init, data.classes)];
    await saveCheckpoint(folder, imagesLabel(0), { counters: noCounters, ...learner.state });
  };
  const init = await initialDigest(config);
  const { directory, finished } = await openRun({ config, data, init, run, runsFolder, fresh, begin });
  const { images } = config.training;
  if (finished) {
    log(
      `${directory.path} is finished: it has seen its ${count(images)} images. To train again, start another run (--new).`,
    );
    return { run: directory.path, images, finished };
  }
  using _lock = await lockRun(directory.path);
  const recorder = new Recorder(directory, log);
  try {
    for (const text of said) recorder.say(text);
    using session = await prepare(data, split, config, directory, recorder, options);
    const seen = await session.run();
    return { run: directory.path, images: seen, finished: await isFinished(directory, config) };
  } catch (thrown) {
    const error = mendable(thrown, directory);
    if (error instanceof RinError) logIfPossible(directory, error.message);
    throw error;
  }
}

/** The error that ended a run may be that nothing can be written; it is the one to tell. */
function logIfPossible(directory: RunDirectory, text: string): void {
  try {
    directory.log(text);
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
  }
}

/** What ended a run, as an error that says where and how to mend it; other errors stay as they are. */
function mendable(error: unknown, { path }: RunDirectory): unknown {
  if (isOutOfMemory(error)) return tooLarge('the weights, the optimiser and a pass');
  return error instanceof Diverged ? new RinError(`${path}: ${error.message}`) : error;
}

/** A network as it is drawn, with its average and optimiser. */
function untrained(config: Config, data: Dataset): Learner {
  useThreads(config.training.threads);
  return new Learner(config, meanSquareOf(config, data), chooseCompute(config.training));
}

const meanSquareOf = ({ diffusion }: Config, data: Dataset): number => diffusion.dataMeanSquare ?? data.meanSquare;

/** Brings the run to the state of its newest checkpoint, or to the start. */
async function prepare(
  data: Dataset,
  { trained, heldOut }: Split,
  config: Config,
  directory: RunDirectory,
  recorder: Recorder,
  { onProgress, signal }: TrainOptions,
): Promise<Session> {
  const { training } = config;
  const { say } = recorder;
  const compute = chooseCompute(training);
  const cost = trainingCost(config, compute);
  const takes = [
    ...memoryLines(cost, config, compute),
    await diskLine(cost, config, directory.path, await sizeOf(directory.path)),
  ];
  const meanSquare = meanSquareOf(config, data);
  const learner = untrained(config, data);
  const saved = await loadNewest(directory.path, say);
  if (saved) learner.restore(saved);
  else if (training.init !== undefined) say(await startFromModel(learner, config, training.init, data.classes));
  await directory.rewind(saved?.counters.images ?? 0);
  const skipped = data.skipped.length > 0 ? `, ${count(data.skipped.length)} skipped (listed in data.json)` : '';
  const held = heldOut ? `, ${count(heldOut.length)} of them held out for validation` : '';
  const seen = saved && saved.counters.images > 0 ? `goes on at ${count(saved.counters.images)} of` : 'trains for';
  say(`${directory.path}: ${seen} ${count(training.images)} images`);
  say(`data: ${data.name}, ${count(data.length)} samples in ${count(data.classes.length)} classes${held}${skipped}`);
  say(`network: ${count(learner.parameterCount)} parameters, on ${compute.device} in ${compute.dtype}`);
  for (const line of takes) say(line);
  const left = training.images - (saved?.counters.images ?? 0);
  const speed = left > 0 ? timedSpeed(learner) : undefined;
  if (speed !== undefined) say(timeLine(left, speed, 'in a short pass without the optimiser'));
  const counters = saved?.counters;
  return new Session({
    config,
    data: trained,
    learner,
    counters,
    ...(heldOut && { validation: new Validation(heldOut, config, meanSquare) }),
    recorder,
    artefacts: new Artefacts({
      ...{ config, data: trained, meanSquare, directory, learner },
      ...{ saved: counters?.images, say, signal },
    }),
    onProgress,
    signal,
  });
}
