import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RinError } from '@rin/core';
import type { Config } from '../config/config.js';
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
  mismatch,
  type Purpose,
  RunDirectory,
} from './runDirectory.js';

export interface OpenRunOptions extends Purpose {
  /** the folder of the run itself; a numbered one in `runsFolder` when absent */
  readonly run?: string;
  readonly runsFolder: string;
  /** start another run, whatever there is */
  readonly fresh: boolean;
  /** is called for a new run */
  readonly begin: Begin;
}

/** The run to train. */
export interface OpenedRun {
  readonly directory: RunDirectory;
  /** nothing is left to be done */
  readonly finished: boolean;
}

/**
 * Finds the run that has the same configuration and data: of several the highest-numbered unfinished one, else the
 * highest-numbered; where there is none, or `fresh` is asked for, makes one.
 * @throws {RinError} where `run` names a folder that holds something else, or holds a run and `fresh` is asked for
 */
export async function openRun({ run, runsFolder, fresh, begin, ...purpose }: OpenRunOptions): Promise<OpenedRun> {
  if (run !== undefined) return openNamed(run, fresh, purpose, begin);
  let finished: OpenedRun | undefined;
  for (const { path } of fresh ? [] : await listRuns(runsFolder)) {
    if (await mismatch(path, purpose)) continue;
    const found = await existing(path, purpose);
    if (!found.finished) return found;
    finished ??= found;
  }
  if (finished) return finished;
  return { directory: await createNumberedRun(runsFolder, purpose, begin), finished: false };
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
      return { directory: new RunDirectory(path), finished: false };
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new RinError(`${path}: another process made a run there just now; the same command again goes on with it`);
    }
  }
  const reason = fresh ? 'it is not empty' : await mismatch(path, purpose);
  if (reason) throw new RinError(`${path} cannot hold this run: ${reason}; give another folder, or leave it out`);
  return existing(path, purpose);
}

async function existing(path: string, { config }: Purpose): Promise<OpenedRun> {
  const directory = new RunDirectory(path);
  return { directory, finished: await isFinished(directory, config) };
}

/** A run is finished when its images were seen, and its model and last samples are there. */
export async function isFinished(directory: RunDirectory, config: Config): Promise<boolean> {
  const { images } = config.training;
  const seen = (await newestCounters(directory.path))?.images ?? 0;
  const hasSamples = !hasPreviews(config) || directory.has(`fakes-${imagesLabel(images)}.png`);
  return seen >= images && directory.has(modelName) && hasSamples;
}
