import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { count, quoted, RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import { isLocked } from '../disk/lock.js';
import { isTaken } from '../disk/systemError.js';
import { removeAbandoned } from '../disk/wholeFiles.js';
import { imagesLabel, newestCounters } from './checkpoint.js';
import { modelName } from './namedModel.js';
import {
  type Begin,
  createNumberedRun,
  createRun,
  hasPreviews,
  listRuns,
  type Purpose,
  RunDirectory,
} from './runDirectory.js';
import { type Change, type Comparison, compareRun, isSame, why } from './sameRun.js';

export interface OpenRunOptions extends Purpose {
  /** the folder of the run itself; a numbered one in `runsFolder` when absent */
  readonly run?: string;
  readonly runsFolder: string;
  /** start another run, whatever there is */
  readonly fresh: boolean;
  /** is called for a new run */
  readonly begin: Begin;
  /** is told, in a sentence, of an unfinished run that a new one leaves aside */
  readonly notice: (sentence: string) => void;
}

/** The run to train. */
export interface OpenedRun {
  readonly directory: RunDirectory;
  /** nothing is left to be done */
  readonly finished: boolean;
  /** keys in which its configuration, as it is on the disk, differs from what is asked for */
  readonly changes: readonly Change[];
}

/** An unfinished run that differs in so many things at most is told of when another one is started. */
const mostDifferences = 3;

/**
 * Finds the run to go on with, or makes one. A run can go on if data and initial model are the same and its configuration
 * differs in nothing that touches what is learnt. Of several the first of these kinds is taken, in it the highest number:
 * unfinished and of an equal configuration; finished and equal; unfinished and changed; finished, and to be made longer.
 * @param options.fresh makes one in any case
 * @throws {RinError} where `run` names a folder that holds something else, or holds a run and `fresh` is asked for
 */
export async function openRun(options: OpenRunOptions): Promise<OpenedRun> {
  const { run, runsFolder, fresh, begin, notice, ...purpose } = options;
  if (run !== undefined) return openNamed(run, fresh, purpose, begin);
  const compared: Comparison[] = [];
  for (const { path } of fresh ? [] : await listRuns(runsFolder)) {
    const found = await compareRun(path, purpose);
    if (typeof found === 'string') continue;
    if (isSame(found) && found.changes.length === 0) {
      const opened = await existing(found, purpose);
      if (!opened.finished) return opened;
    }
    compared.push(found);
  }
  const best = await firstToGoOn(compared.filter(isSame), purpose);
  if (best) return best;
  const left = await nearestUnfinished(compared);
  if (left) notice(leftAside(left));
  return { directory: await createNumberedRun(runsFolder, purpose, begin), finished: false, changes: [] };
}

/** @param same runs that can go on, the highest number first; of those of an equal configuration all are finished */
async function firstToGoOn(same: readonly Comparison[], purpose: Purpose): Promise<OpenedRun | undefined> {
  const equal = same.find(({ changes }) => changes.length === 0);
  if (equal) return existing(equal, purpose);
  let first: { readonly opened: OpenedRun; readonly rank: number } | undefined;
  for (const each of same) {
    const opened = await existing(each, purpose);
    const wasFinished = await isFinished(opened.directory, each.facts.config);
    const rank = opened.finished ? 2 : wasFinished ? 1 : 0;
    if (!first || rank < first.rank) first = { opened, rank };
  }
  return first?.opened;
}

/** The unfinished run that differs in the fewest things; undefined where all differ in many. */
async function nearestUnfinished(compared: readonly Comparison[]): Promise<Comparison | undefined> {
  const differences = ({ obstacles, otherInputs }: Comparison): number => obstacles.length + otherInputs.length;
  const near = compared.filter((each) => differences(each) <= mostDifferences);
  for (const each of near.sort((a, b) => differences(a) - differences(b))) {
    const isAtRest = !(await isLocked(each.path));
    if (isAtRest && !(await isFinished(new RunDirectory(each.path), each.facts.config))) return each;
  }
  return undefined;
}

/** Tells of a run that is left unfinished, and how to go on with it. */
function leftAside(comparison: Comparison): string {
  const { path, facts, seen, otherInputs } = comparison;
  const stands = `${path} is unfinished, at ${count(seen)} of ${count(facts.config.training.images)} images`;
  const what = `${stands}, and another run is started: ${why(comparison)}`;
  const run = quoted(path);
  if (otherInputs.length === 0)
    return `${what}. To go on with it: --config ${quoted(join(path, 'config.yaml'))} --run ${run}`;
  const hasModel = new RunDirectory(path).has(modelName);
  return `${what}. It goes on once these are as they were${hasModel ? `; to start from its weights: --init ${run}` : ''}`;
}

async function openNamed(run: string, fresh: boolean, purpose: Purpose, begin: Begin): Promise<OpenedRun> {
  const path = join(dirname(run), basename(run)); // without the slash that may stand behind a folder
  const isThere = existsSync(path);
  if (!isThere || (await readdir(path)).length === 0) {
    try {
      const isLink = isThere && lstatSync(path).isSymbolicLink();
      const place = isLink ? realpathSync(path) : path; // a folder cannot take the place of a link
      await createRun(place, purpose, begin);
      await removeAbandoned(dirname(place), (name) => name === basename(place));
      return { directory: new RunDirectory(path), finished: false, changes: [] };
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new RinError(`${path}: another process made a run there just now; the same command again goes on with it`);
    }
  }
  const found = fresh ? 'it is not empty' : await compareRun(path, purpose);
  if (typeof found !== 'string' && isSame(found)) return existing(found, purpose);
  const reason = typeof found === 'string' ? found : why(found);
  throw new RinError(`${path} cannot hold this run: ${reason}; give another folder, or leave it out`);
}

async function existing({ path, changes }: Comparison, { config }: Purpose): Promise<OpenedRun> {
  const directory = new RunDirectory(path);
  return { directory, finished: await isFinished(directory, config), changes };
}

/**
 * A run is finished when its images were seen, and its model and last samples are there.
 * @param config of the run
 */
export async function isFinished(directory: RunDirectory, config: Config): Promise<boolean> {
  const { images } = config.training;
  const seen = (await newestCounters(directory.path))?.images ?? 0;
  const hasSamples = !hasPreviews(config) || directory.has(`fakes-${imagesLabel(images)}.png`);
  return seen >= images && directory.has(modelName) && hasSamples;
}
