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
  listRuns,
  type Purpose,
  previewFiles,
  RunDirectory,
} from './runDirectory.js';
import { type Change, type Comparison, compareRun, isSame, why } from './sameRun.js';

export interface OpenRunOptions extends Purpose {
  /** the folder of the run itself; if absent, a numbered folder in `runsFolder` */
  readonly run?: string;
  readonly runsFolder: string;
  /** start another run, even if one could be resumed */
  readonly fresh: boolean;
  /** called for a new run */
  readonly begin: Begin;
  /** called with a sentence about an unfinished run if a new run starts instead */
  readonly notice: (sentence: string) => void;
}

/** The run to train. */
export interface OpenedRun {
  readonly directory: RunDirectory;
  /** nothing is left to do */
  readonly finished: boolean;
  /** keys in which its configuration on the disk differs from the request */
  readonly changes: readonly Change[];
  /** where its data were, if the same data are somewhere else now */
  readonly movedFrom?: string;
}

/** When a new run starts, a notice names an unfinished run that has at most this many differences. */
const mostDifferences = 3;

/**
 * Finds the run to resume, or creates one. A run can be resumed if its data and initial model are the same. Its configuration
 * may differ only in keys that do not change what the network learns, and in more images.
 *
 * The first kind that exists is chosen: unfinished with an equal configuration, finished with an equal configuration,
 * unfinished with changed keys, finished and made longer. Within a kind, the run with the highest number is chosen.
 * @param options.fresh creates a run in any case
 * @throws RinError if `run` names a folder with other contents, or a folder with a run while `fresh` is set
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

/** @param same runs that can be resumed, the highest number first; those with an equal configuration are finished */
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

/** The unfinished run with the fewest differences; undefined if all runs have too many. */
async function nearestUnfinished(compared: readonly Comparison[]): Promise<Comparison | undefined> {
  const differences = ({ obstacles, otherInputs }: Comparison): number => obstacles.length + otherInputs.length;
  const near = compared.filter((each) => differences(each) <= mostDifferences);
  for (const each of near.sort((a, b) => differences(a) - differences(b))) {
    const isAtRest = !(await isLocked(each.path));
    if (isAtRest && !(await isFinished(new RunDirectory(each.path), each.facts.config))) return each;
  }
  return undefined;
}

/** The flags that go on with a run. */
const resumed = (path: string): string => `--config ${quoted(join(path, 'config.yaml'))} --run ${quoted(path)}`;

/** A notice about an unfinished run that is not resumed, and how to resume it. */
function leftAside(comparison: Comparison): string {
  const { path, facts, seen, otherInputs } = comparison;
  const { images } = facts.config.training;
  const stands = `${path} is unfinished, at ${count(Math.min(seen, images))} of ${count(images)} images`;
  const what = `${stands}, but a new run starts: ${why(comparison)}`;
  const run = quoted(path);
  if (otherInputs.length === 0) return `${what}. To resume it: ${resumed(path)}`;
  const hasModel = new RunDirectory(path).has(modelName);
  return `${what}. It resumes once these are the same again${hasModel ? `; to start from its weights: --init ${run}` : ''}`;
}

async function openNamed(run: string, fresh: boolean, purpose: Purpose, begin: Begin): Promise<OpenedRun> {
  const path = join(dirname(run), basename(run)); // without a slash at the end
  const isThere = existsSync(path);
  if (!isThere || (await readdir(path)).length === 0) {
    try {
      const isLink = isThere && lstatSync(path).isSymbolicLink();
      const place = isLink ? realpathSync(path) : path; // a folder cannot replace a link
      await createRun(place, purpose, begin);
      await removeAbandoned(dirname(place), (name) => name === basename(place));
      return { directory: new RunDirectory(path), finished: false, changes: [] };
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new RinError(
        `${path}: another process has just created a run there; run the same command again to resume it`,
      );
    }
  }
  const found = fresh ? 'it is not empty' : await compareRun(path, purpose);
  if (typeof found !== 'string' && isSame(found)) return existing(found, purpose);
  const reason = typeof found === 'string' ? found : why(found);
  const isRun = !fresh && typeof found !== 'string';
  const resume = isRun ? `. To go on with the run that is there: ${resumed(path)}` : '';
  throw new RinError(`${path} cannot hold this run: ${reason}; name another folder, or none${resume}`);
}

async function existing({ path, changes, facts }: Comparison, { config }: Purpose): Promise<OpenedRun> {
  const directory = new RunDirectory(path);
  const { source } = facts.config;
  const hasMoved = source !== undefined && source !== config.source;
  return { directory, finished: await isFinished(directory, config), changes, ...(hasMoved && { movedFrom: source }) };
}

/**
 * Whether a run is finished: it has seen all its images, and its model and last samples exist.
 * @param config configuration of the run
 */
export async function isFinished(directory: RunDirectory, config: Config): Promise<boolean> {
  const { images } = config.training;
  const seen = (await newestCounters(directory.path))?.images ?? 0;
  const hasSamples = previewFiles(config, `fakes-${imagesLabel(images)}`).every((name) => directory.has(name));
  return seen >= images && directory.has(modelName) && hasSamples;
}
