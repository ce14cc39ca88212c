import { count, isOutOfMemory, RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse.js';
import type { ConfigInput } from '../config/types.js';
import type { Dataset } from '../data/dataset.js';
import type { DataProgress } from '../data/progress.js';
import { lockRun } from '../disk/lock.js';
import { imagesLabel, loadNewest, newestCounters, noCounters, saveCheckpoint } from '../runs/checkpoint.js';
import { namedModel } from '../runs/namedModel.js';
import { isFinished, openRun } from '../runs/openRun.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import type { Change } from '../runs/sameRun.js';
import { Artefacts } from './artefacts.js';
import { changeRun } from './changeRun.js';
import { withDataClasses } from './dataClasses.js';
import { Diverged } from './diverged.js';
import { type Evaluator, type OpenEvaluator, planEvaluations } from './evaluator.js';
import { follow, lost, type RunOfFirst, sameOnAll, tensorsOf } from './follow.js';
import { startFromModel } from './initialModel.js';
import { Learner } from './learner.js';
import { type DataInput, openData } from './openData.js';
import { planPreviews, previewLine } from './previewPlan.js';
import type { Progress } from './progress.js';
import { alone, type Ranks } from './ranks.js';
import { Recorder } from './recorder.js';
import { Remaining } from './remaining.js';
import { type Request, type Resolved, resolve } from './resolve.js';
import { useThreads } from './resources/compute.js';
import { trainingCost } from './resources/cost.js';
import { diskLine, memoryLines, sizeOf } from './resources/forecast.js';
import { machine } from './resources/machine.js';
import { tooLarge } from './resources/outOfMemory.js';
import { timeLine } from './resources/timeLine.js';
import { timedSpeed } from './resources/timing.js';
import { Session } from './session.js';
import { SharedArtefacts } from './sharedArtefacts.js';
import { checkShares, ofShare, sharesLine, speedOfAll } from './shares.js';
import { EventFile } from './tensorboard/eventFile.js';
import { type Split, splitData, Validation } from './validation.js';

/** Arguments of `train`. */
export interface TrainOptions {
  /** from `loadPreset`, or written by the program, because `train` checks it */
  readonly config: ConfigInput;
  /** the name of a source, an open data set, or samples of uint8 [C, ...size]; they must fit `config.model.size` */
  readonly data: DataInput;
  /** folder of this run; default: a numbered folder in `runsFolder` */
  readonly run?: string;
  /** folder of the numbered runs; default `runs` */
  readonly runsFolder?: string;
  /** start another run, even if a run of the same configuration and data exists; default false */
  readonly fresh?: boolean;
  /** called after every update, and while previews are drawn */
  readonly onProgress?: (progress: Progress) => void;
  /** called while pictures are decoded */
  readonly onDataProgress?: (progress: DataProgress) => void;
  /** called with each message; messages of the run also go to its `log.txt` */
  readonly log?: (text: string) => void;
  /** if aborted, training finishes the current update, saves a checkpoint, and `train` rejects with the signal's reason */
  readonly signal?: AbortSignal;
  /**
   * the processes that train together (`joinRanks`); every one of them calls `train` with the same configuration and data.
   * Rank 0 alone writes files. Default: this process alone
   */
  readonly ranks?: Ranks;
}

/** What `train` adds to the options of a program, because `metrics` is to the right of this folder. */
export interface Inner {
  /** for `training.evaluateEvery` */
  readonly openEvaluator?: OpenEvaluator;
}

type RunOptions = Omit<TrainOptions, 'config' | 'data'> & Inner;

/** How far a training came. */
export interface Stretch {
  /** folder of the run; null if the signal was aborted before the run existed */
  readonly run: string | null;
  /** images seen, at most `training.images` */
  readonly images: number;
  /** whether the run has seen all its images and its files are written */
  readonly finished: boolean;
}

/** Does the work of `train`, but returns if the signal is aborted. @throws RinError as `train` does */
export async function trainOrStop({ config, data, ...options }: TrainOptions & Inner): Promise<Stretch> {
  const source = typeof data === 'string' ? data : undefined; // a preset may name the data that it was made for
  const checked = { ...parseConfig(config, 'configuration'), source };
  const { log = () => {}, signal, onDataProgress: onProgress } = options;
  let request: Request;
  try {
    request = await withDataClasses(checked, data, { onProgress, signal, onNotice: log });
  } catch (error) {
    if (signal?.aborted) return { run: null, images: 0, finished: false };
    throw error;
  }
  return trainResolved(await resolve(request, options.ranks), options);
}

/**
 * Does the work of `train` for a resolved request, and disposes the request.
 * @throws RinError as `train` does
 */
export async function trainResolved(resolved: Resolved, options: RunOptions): Promise<Stretch> {
  const { ranks = alone } = options;
  try {
    return await trainAmong(ranks, resolved, options);
  } catch (error) {
    await ranks.giveUp(error);
    throw error;
  }
}

async function trainAmong(ranks: Ranks, resolved: Resolved, options: RunOptions): Promise<Stretch> {
  using what = resolved;
  const { config, source, notices } = what;
  const { signal, onDataProgress: onProgress } = options;
  checkShares(ranks, config);
  const early: string[] = [];
  for (const notice of notices) announce(notice, early, options);
  let data: Dataset;
  try {
    const onNotice = (text: string) => {
      announce(text, early, options);
      if (!options.log) process.emitWarning(text); // a part of the data is not used
    };
    data = await ranks.inTurn(() => openData(source, config, { onProgress, onNotice, signal }));
  } catch (error) {
    if (!signal?.aborted) throw error;
    await ranks.giveUp(error);
    return { run: null, images: 0, finished: false };
  }
  try {
    return await (ranks.rank > 0 ? follow(data, what, { ...options, ranks }) : trainOn(data, what, options, early));
  } finally {
    if (data !== source) data.close();
  }
}

/** Says something before there is a run, and keeps it for the log of the run. */
function announce(text: string, early: string[], { log, ranks }: RunOptions): void {
  early.push(text);
  if (!ranks?.rank) log?.(text); // the other ranks would say the same
}

/** @param early what was said before there is a run */
async function trainOn(data: Dataset, resolved: Resolved, options: RunOptions, early: string[]): Promise<Stretch> {
  const { config, init } = resolved;
  const { run, runsFolder = 'runs', fresh = false, log = () => {}, ranks = alone } = options;
  const split = splitData(data, config);
  let said: readonly string[] = []; // replaced at every attempt to create the run
  const begin = async (folder: string): Promise<void> => {
    const { init: path } = config.training;
    if (path === undefined) return;
    using learner = untrained(resolved, data);
    said = [startFromModel(learner, config, init ?? gone(path), data.classes)];
    await saveCheckpoint(folder, imagesLabel(0), { counters: noCounters, ...learner.state });
  };
  const places = { run, runsFolder, fresh };
  const purpose = { config, data, init: init?.digest };
  const notice = (text: string) => announce(text, early, options);
  const { directory, finished, changes, movedFrom } = await openRun({ ...purpose, ...places, begin, notice });
  await ranks.first<RunOfFirst>(async () => ({
    ...{ run: directory.path, finished, same: sameOnAll(config, data) },
  }));
  const { images } = config.training;
  if (finished) {
    const idle = changes.length > 0 ? ` Changed keys are ignored: ${changes.map(({ key }) => key).join(', ')}.` : '';
    log(
      `${directory.path} is finished: it has seen its ${count(images)} images.${idle} To train it longer, raise training.images; to train again, start another run (--new).`,
    );
    return { run: directory.path, images, finished };
  }
  using _lock = await lockRun(directory.path);
  const recorder = new Recorder(directory, log);
  try {
    for (const text of early) directory.log(text);
    for (const text of said) recorder.say(text);
    using evaluator = await evaluatorFor(split.trained, resolved, options, recorder.say);
    using session = await prepare({ data, split, resolved, directory, changes, recorder, evaluator, ranks, options });
    if (movedFrom !== undefined && config.source !== undefined) {
      recorder.say(`the data that were at ${movedFrom} are at ${config.source} now`);
      await directory.writeConfig(config);
    }
    init?.[Symbol.dispose](); // frees its memory for training
    const seen = await session.run().catch((error: unknown) => {
      throw lost(error, session.saved, config);
    });
    return {
      ...{ run: directory.path, images: seen },
      finished: await ranks.first(() => isFinished(directory, config)),
    };
  } catch (thrown) {
    if (options.signal?.aborted && thrown === options.signal.reason) {
      await ranks.giveUp(thrown);
      const seen = (await newestCounters(directory.path))?.images ?? 0; // stopped before the first update
      return { run: directory.path, images: seen, finished: false };
    }
    const error = mendable(thrown, directory);
    if (error instanceof RinError) logIfPossible(directory, error.message);
    throw error;
  }
}

/** Opens the evaluator of a run; undefined if it has none. It comes before the network, because it may download or fail. */
async function evaluatorFor(
  data: Dataset,
  { config, compute }: Resolved,
  { openEvaluator, signal }: RunOptions,
  say: (text: string) => void,
): Promise<Evaluator | undefined> {
  const plan = planEvaluations(config);
  if (!plan) return undefined;
  if (!openEvaluator) throw new RinError('training.evaluateEvery: this program cannot evaluate; set it to 0');
  const { device } = compute;
  return openEvaluator({ config, data, batch: plan.batch, device, say, ...(signal && { signal }) });
}

/** Logs the error that ended a run. If the log cannot be written, the first error still reaches the caller. */
function logIfPossible(directory: RunDirectory, text: string): void {
  try {
    directory.log(text);
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
  }
}

/** Adds the run's path or the remedy to an error that ended the run. Other errors stay as they are. */
function mendable(error: unknown, { path }: RunDirectory): unknown {
  if (isOutOfMemory(error)) return tooLarge('the weights, the optimiser and a pass');
  return error instanceof Diverged ? new RinError(`${path}: ${error.message}`) : error;
}

/** A network with random weights, its average and its optimiser. */
function untrained({ config, compute }: Resolved, data: Dataset, ranks: Ranks = alone): Learner {
  useThreads(config.training.threads);
  return new Learner(config, meanSquareOf(config, data), compute, ranks);
}

const meanSquareOf = ({ diffusion }: Config, data: Dataset): number => diffusion.dataMeanSquare ?? data.meanSquare;

/** @throws RinError always: the initial model of a new run is missing, or was missing when the command started */
function gone(path: string): never {
  namedModel(path);
  throw new RinError(`${path}: the model appeared after the command started; run the same command again`);
}

/** What a stretch of a run is prepared from. */
interface Preparation {
  readonly data: Dataset;
  readonly split: Split;
  readonly resolved: Resolved;
  readonly directory: RunDirectory;
  /** keys of its configuration that change now */
  readonly changes: readonly Change[];
  readonly recorder: Recorder;
  readonly evaluator: Evaluator | undefined;
  readonly ranks: Ranks;
  readonly options: RunOptions;
}

/** Restores the run from its newest checkpoint, or starts it. */
async function prepare(given: Preparation): Promise<Session> {
  const { data, resolved, directory, changes, recorder, evaluator, ranks } = given;
  const { trained, heldOut } = given.split;
  const { onProgress, signal } = given.options;
  const { config, compute, init } = resolved;
  const { training } = config;
  const { say } = recorder;
  const cost = trainingCost(ofShare(config, ranks), compute, data);
  const previews = planPreviews(config);
  const takes = [
    ...memoryLines(cost, ofShare(config, ranks), compute),
    await diskLine(cost, config, directory.path, await sizeOf(directory.path)),
  ];
  const meanSquare = meanSquareOf(config, data);
  const learner = untrained(resolved, data, ranks);
  const saved = await loadNewest(directory.path, say);
  if (saved) learner.restore(saved);
  await changeRun(directory, config, changes, saved?.counters.images ?? 0, say); // a run that is refused stays as it is
  if (!saved && training.init !== undefined)
    say(startFromModel(learner, config, init ?? gone(training.init), data.classes));
  await directory.rewind(saved?.counters.images ?? 0, changes.length > 0);
  directory.record('machine', machine(compute, saved?.counters.images ?? 0));
  if (training.tensorboard) recorder.board = await EventFile.start(directory, saved?.counters.images ?? 0);
  const skipped = data.skipped.length > 0 ? `, ${count(data.skipped.length)} skipped (listed in data.json)` : '';
  const held = heldOut ? `, ${count(heldOut.length)} of them held out for validation` : '';
  const seen = saved && saved.counters.images > 0 ? `resumes at ${count(saved.counters.images)} of` : 'trains for';
  say(`${directory.path}: ${seen} ${count(training.images)} images`);
  say(`data: ${data.name}, ${count(data.length)} samples ${classesText(data.classes.length)}${held}${skipped}`);
  say(`network: ${count(learner.parameterCount)} parameters, on ${compute.device} in ${compute.dtype}`);
  if (ranks.count > 1) say(sharesLine(ranks, config));
  for (const line of takes) say(line);
  if (previews) say(previewLine(previews, config, data.classes));
  if (evaluator) say(evaluator.line);
  const counters = saved?.counters;
  const validation = heldOut && new Validation(heldOut, config, meanSquare, ranks);
  const remaining = new Remaining(config, { previews, heldOut: validation?.count ?? 0 });
  const left = training.images - (counters?.images ?? 0);
  const speed = left > 0 ? speedOfAll(timedSpeed(learner), ranks) : undefined;
  if (speed !== undefined) {
    const seconds = remaining.seconds(counters?.images ?? 0, speed);
    say(timeLine(left, seconds, speed, 'in a short pass without the optimiser'));
  }
  const artefacts = new Artefacts({
    ...{ config, data: trained, heldOut, meanSquare, directory, learner, previews },
    ...{ saved: counters?.images, board: recorder.board, say, signal, ranks, ...(evaluator && { evaluator }) },
  });
  if (ranks.count > 1) {
    await ranks.first(async () => counters ?? null);
    await ranks.copyFirst(tensorsOf(learner));
  }
  return new Session({
    ...{ config, data: trained, learner, counters, validation, remaining, recorder, say, onProgress, signal, ranks },
    artefacts: ranks.count > 1 ? new SharedArtefacts(ranks, artefacts, artefacts) : artefacts,
    ...(evaluator && { detector: evaluator.detector }),
  });
}

/** `in 3 classes`, `of one class`, `without classes` */
function classesText(classes: number): string {
  if (classes === 0) return 'without classes';
  return classes === 1 ? 'of one class' : `in ${count(classes)} classes`;
}
