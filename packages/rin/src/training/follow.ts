import { ConfigError, RinError } from '@rin/core';
import { RankError, type Tensor } from '@rin/torch';
import type { Config } from '../config/config.js';
import { flatten } from '../config/flatten.js';
import type { Dataset } from '../data/dataset.js';
import type { Counters } from '../runs/checkpoint.js';
import { Learner } from './learner.js';
import { drawPreview } from './preview.js';
import { planPreviews } from './previewPlan.js';
import type { Progress } from './progress.js';
import { LostRank, type Ranks } from './ranks.js';
import { Remaining } from './remaining.js';
import type { Resolved } from './resolve.js';
import { useThreads } from './resources/compute.js';
import { Session } from './session.js';
import { SharedArtefacts } from './sharedArtefacts.js';
import type { Stretch } from './trainer.js';
import { splitData, Validation } from './validation.js';

/** What rank 0 tells the others about the run. */
export interface RunOfFirst {
  readonly run: string;
  /** nothing is left to do */
  readonly finished: boolean;
  /** what it trains, as its values by key; all ranks must have the same */
  readonly same: Readonly<Record<string, unknown>>;
}

/** Keys that describe a machine or a place on it, so they may differ between ranks. */
const ofMachine: readonly string[] = ['source', 'training.init', 'training.threads', 'training.device'];

/** What must be the same on every rank. */
export function sameOnAll(config: Config, { fingerprint }: Dataset): Record<string, unknown> {
  const keys = [...flatten(config)].filter(([key]) => !ofMachine.includes(key));
  return { ...Object.fromEntries(keys), 'the data': fingerprint };
}

/** @throws ConfigError if this rank trains something else than rank 0 */
export function checkSame({ rank }: Ranks, own: Record<string, unknown>, ofFirst: RunOfFirst['same']): void {
  const show = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));
  for (const key of new Set([...Object.keys(ofFirst), ...Object.keys(own)])) {
    if (show(own[key]) === show(ofFirst[key])) continue;
    if (key === 'the data')
      throw new ConfigError(`rank ${rank} has other data than rank 0; copy the same to each machine`);
    throw new ConfigError(
      `${key} is ${show(own[key])} on rank ${rank}, but ${show(ofFirst[key])} on rank 0; start all with the same command`,
    );
  }
}

/** All tensors of a learner, in an order that is the same on every rank. */
export const tensorsOf = (learner: Learner): Tensor[] =>
  Object.values(learner.tensors).flatMap((part) => Object.values(part));

/** What a rank above 0 does with a run. */
export interface FollowOptions {
  readonly ranks: Ranks;
  readonly onProgress?: (progress: Progress) => void;
  readonly log?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains as a rank above 0. It has no folder: rank 0 sends the state to start from, and writes everything.
 * @throws RinError as `train` does
 */
export async function follow(data: Dataset, resolved: Resolved, options: FollowOptions): Promise<Stretch> {
  const { config, compute } = resolved;
  const { ranks, onProgress, signal, log } = options;
  const own = sameOnAll(config, data);
  const { run, finished, same } = await ranks.first<RunOfFirst>(onlyFirst);
  checkSame(ranks, own, same);
  if (finished) return { run, images: config.training.images, finished };
  const split = splitData(data, config);
  const meanSquare = config.diffusion.dataMeanSquare ?? data.meanSquare;
  useThreads(config.training.threads);
  const learner = new Learner(config, meanSquare, compute, ranks);
  const counters = await ranks.first<Counters | null>(onlyFirst);
  await ranks.copyFirst(tensorsOf(learner));
  const previews = planPreviews(config);
  const validation = split.heldOut && new Validation(split.heldOut, config, meanSquare, ranks);
  const saved = counters?.images ?? null;
  const subject = { config, data: split.trained, heldOut: split.heldOut, meanSquare, learner };
  const help = async () => previews && drawPreview(subject, previews, { ranks, signal });
  using session = new Session({
    ...{ config, data: split.trained, learner, validation, onProgress, signal, ranks },
    ...(counters && { counters }),
    remaining: new Remaining(config, { previews, heldOut: validation?.count ?? 0 }),
    artefacts: new SharedArtefacts(ranks, { help, signal }, { previewEvery: previews?.every ?? 0, saved }),
    say: (text) => log?.(`rank ${ranks.rank}: ${text}`),
  });
  try {
    const images = await session.run();
    return { run, images, finished: await ranks.first<boolean>(onlyFirst) };
  } catch (error) {
    throw lost(error, session.saved, config);
  }
}

/** The work of rank 0 as seen from another one, which only waits for its result. */
const onlyFirst = (): never => {
  throw new RinError('this is work of rank 0');
};

/** Adds to an error about a missing rank what is left of the run. Other errors stay as they are. */
export function lost(error: unknown, saved: number | null, { training }: Config): unknown {
  if (!(error instanceof RankError)) return error;
  const kept =
    saved === null
      ? 'no checkpoint was made yet'
      : `the checkpoint at ${Math.min(saved, training.images)} images is kept, and the same command resumes there`;
  return new LostRank(`${error.message}; ${kept}`);
}
