import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config/config.js';
import { isLocked } from '../disk/lock.js';
import { systemCode } from '../disk/systemError.js';
import { newestCounters } from './checkpoint.js';
import { isFinished } from './openRun.js';
import { listRuns, problemOf, RunDirectory, type RunFacts, readFacts } from './runDirectory.js';
import { readStats, readTiming, type StatsFile, type StatsLine, type TimingRead } from './statistics.js';

/** A run, as far as it is known without its data and weights. */
export interface RunSummary {
  readonly path: string;
  /** name of its folder */
  readonly name: string;
  readonly state: 'running' | 'finished' | 'interrupted';
  readonly config: Config;
  readonly data: RunFacts['data'];
  /** images seen, at most the length of the run: at the last line of stats.jsonl if it is running, else at the newest checkpoint */
  readonly images: number;
  readonly stats: readonly StatsLine[];
  /** at the last line of timing.jsonl */
  readonly imagesPerSecond: number | null;
  /** time of the last write */
  readonly written: Date;
}

/** A folder that looks like a run, but cannot be read. */
export interface DamagedRun extends Pick<RunSummary, 'path' | 'name'> {
  readonly state: 'damaged';
  readonly problem: string;
}

/** Runs in a folder: numbered runs, the highest number first, then other folders with a configuration. */
export async function allRuns(runsFolder: string): Promise<string[]> {
  const numbered = (await listRuns(runsFolder)).map(({ path }) => path);
  if (numbered.length === 0 && !(await isFolder(runsFolder))) return [];
  const named: string[] = [];
  for (const name of (await readdir(runsFolder)).sort()) {
    const path = join(runsFolder, name);
    if (numbered.includes(path) || name.endsWith('.part')) continue;
    if ((await isFolder(path)) && new RunDirectory(path).has('config.yaml')) named.push(path);
  }
  return [...numbered, ...named];
}

/** A run with all lines of its statistics. */
export interface WholeRun {
  readonly summary: RunSummary;
  readonly stats: StatsFile;
  readonly timing: readonly TimingRead[];
}

/** Reads a run as `readRun` does. @returns also what it was read from */
export async function readWholeRun(path: string): Promise<WholeRun> {
  const facts = await readFacts(path);
  const [stats, timing] = [await readStats(path), await readTiming(path)];
  return { summary: await summaryOf(path, facts, stats, timing), stats, timing };
}

/**
 * Reads the files of a run, except its weights.
 * @param path the folder of the run
 * @throws RinError if it is not a run, or if it is damaged
 */
export async function readRun(path: string): Promise<RunSummary> {
  return (await readWholeRun(path)).summary;
}

async function summaryOf(
  path: string,
  { config, data }: RunFacts,
  { losses }: StatsFile,
  timing: readonly TimingRead[],
): Promise<RunSummary> {
  const directory = new RunDirectory(path);
  const total = config.training.images;
  const stats = losses.map(({ images, loss, validationLoss }) => ({
    images: Math.min(images, total), // the last batch may go past the end
    loss,
    ...(validationLoss !== undefined && { validationLoss }),
  }));
  const state = (await isLocked(path)) ? 'running' : (await isFinished(directory, config)) ? 'finished' : 'interrupted';
  const saved = (await newestCounters(path))?.images ?? 0;
  const images = Math.min(total, state === 'running' ? Math.max(saved, stats.at(-1)?.images ?? 0) : saved);
  const imagesPerSecond = timing.at(-1)?.imagesPerSecond ?? null;
  const written = await lastWritten(path);
  return { path, name: basename(path), state, config, data, images, stats, imagesPerSecond, written };
}

/** `readRun`, but a damaged run is not an error. */
export async function summarise(path: string): Promise<RunSummary | DamagedRun> {
  try {
    return await readRun(path);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { path, name: basename(path), state: 'damaged', problem };
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

async function lastWritten(path: string): Promise<Date> {
  const times = await Promise.all(
    ['log.txt', 'timing.jsonl', 'config.yaml'].map(async (name) => {
      try {
        return (await stat(join(path, name))).mtimeMs;
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
        return 0;
      }
    }),
  );
  return new Date(Math.max(...times));
}
