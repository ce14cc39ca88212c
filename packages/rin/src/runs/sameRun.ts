import { count } from '@rin/core';
import type { Config } from '../config/config.js';
import { flatten } from '../config/flatten.js';
import { DiskFailure } from '../disk/systemError.js';
import { newestCounters } from './checkpoint.js';
import { type Purpose, problemOf, type RunFacts, readFacts } from './runDirectory.js';
import { isSameSetting } from './sameSetting.js';

/** A key of the configuration with another value than when the run started; undefined = not set. */
export interface Change {
  readonly key: string;
  readonly there: unknown;
  readonly here: unknown;
}

/** A run compared with a request. */
export interface Comparison {
  readonly path: string;
  readonly facts: RunFacts;
  /** images seen at its newest checkpoint */
  readonly seen: number;
  /** differences with which the run can be resumed */
  readonly changes: readonly Change[];
  /** differences that make it another run */
  readonly obstacles: readonly Change[];
  /** differences of its data and initial model, in words */
  readonly otherInputs: readonly string[];
}

/**
 * Keys that do not change what the network learns. They set how often files are written, how samples are drawn, and where and
 * in how many parts sums are computed. `training.images` is handled apart, because a run can be made longer.
 */
const free =
  /^(sampling\..*|training\.(keepCheckpoints|checkpointEvery|sampleEvery|logEvery|threads|device|microBatch))$/;

/** Free keys that can change the order of sums, and so the last bits of the weights. */
export const reordering: readonly string[] = ['training.threads', 'training.device', 'training.microBatch'];

/** Keys that are ignored: data and the initial model are compared by content, not by path. */
const places: readonly string[] = ['source', 'training.init'];

/**
 * Compares a run with a request, without reading its tensors.
 * @returns a sentence if the folder has no readable run
 */
export async function compareRun(path: string, purpose: Purpose): Promise<Comparison | string> {
  try {
    const facts = await readFacts(path);
    const different = changesOf(facts.config, purpose.config);
    const seen = (await newestCounters(path))?.images ?? 0;
    const { images } = purpose.config.training;
    const isFree = ({ key }: Change): boolean =>
      free.test(key) || (key === 'training.images' && (images > facts.config.training.images || images >= seen));
    return {
      path,
      facts,
      seen,
      changes: different.filter(isFree),
      obstacles: different.filter((change) => !isFree(change)),
      otherInputs: inputs(facts, purpose),
    };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined || error instanceof DiskFailure) throw error; // it may be the requested run
    return problem;
  }
}

/** Whether the request can resume the run. */
export const isSame = ({ obstacles, otherInputs }: Comparison): boolean => obstacles.length + otherInputs.length === 0;

/** Why the request cannot resume the run, in words. */
export function why({ obstacles, otherInputs }: Comparison): string {
  const keys = obstacles.length > 0 ? [`its configuration differs in ${listed(obstacles)}`] : [];
  return [...keys, ...otherInputs].join('; ');
}

/** `training.batch (8 there, 4 here)`, for the first few changes. */
function listed(changes: readonly Change[]): string {
  const most = 4;
  const shown = changes
    .slice(0, most)
    .map(({ key, there, here }) => `${key} (${show(there)} there, ${show(here)} here)`);
  return `${shown.join(', ')}${changes.length > most ? ` and ${changes.length - most} more` : ''}`;
}

/** A value of a configuration as messages print it: `not set` if there is none. */
export const show = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));

function changesOf(theirs: Config, ours: Config): Change[] {
  const [a, b] = [flatten(theirs), flatten(ours)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => !places.includes(key) && !isSameSetting(key, theirs, ours))
    .map((key) => ({ key, there: a.get(key), here: b.get(key) }));
}

function inputs(theirs: RunFacts, { config, data, init }: Purpose): string[] {
  const { fingerprint, length } = theirs.data;
  const isSameInit = init === undefined ? theirs.config.training.init === config.training.init : theirs.init === init;
  const sizes =
    length === undefined || length === data.length
      ? ''
      : `: ${count(length)} samples there, ${count(data.length)} here`;
  return [
    ...(fingerprint === data.fingerprint ? [] : [`its data had other contents${sizes}`]),
    ...(isSameInit ? [] : ['it started from another model']),
  ];
}
