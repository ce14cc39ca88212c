import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { count, RinError, sizeList, UsageError } from '@rin/core';
import type { Config } from '../config/config.js';
import { isBuiltIn } from '../data/builtIn.js';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import type { DataOptions } from '../data/progress.js';
import { nounOf } from '../media/formats.js';
import { type RunFacts, readFacts } from '../runs/runDirectory.js';
import { type Split, splitData } from './validation.js';

/** The data that a model was trained on. Dispose them, because they may hold open files. */
export interface TrainingData extends Split, Disposable {
  /** all of them, held-out samples included */
  readonly data: Dataset;
}

export interface TrainingDataOptions extends DataOptions {
  /** the source that the user names; default: the one in the configuration of the model */
  readonly source?: string;
  /** gets a sentence about anything unusual that is not an error */
  readonly onNotice: (sentence: string) => void;
}

/**
 * Opens the data that a model was trained on, in its size. If the model is in the folder of its run, they are compared with the
 * run's data by content. Data that the user names are not divided if the run was trained on others.
 * @param file the model file
 * @throws RinError if the samples are not there any more, or if they have changed and `source` does not name them
 * @throws UsageError if neither model nor user names a source
 */
export async function openTrainingData(
  file: string,
  config: Config,
  { source: named, onNotice, ...options }: TrainingDataOptions,
): Promise<TrainingData> {
  const source = named ?? config.source;
  const nouns = `${nounOf(config.model)}s`;
  const name = `name them: --data my-${nouns}`;
  if (source === undefined) throw new UsageError(`${file} does not say on which ${nouns} it was trained; ${name}`);
  if (named === undefined && !isBuiltIn(source) && !existsSync(source))
    throw new RinError(`${resolve(source)}: the training ${nouns} of this model are not there; ${name}`);
  const facts = await factsBeside(file);
  const { size, channels } = config.model;
  const data = await openDataset(source, { size: sizeList(size), channels, data: config.data, onNotice, ...options });
  const isChanged = facts !== undefined && facts.data.fingerprint !== data.fingerprint;
  if (isChanged && named === undefined) {
    data.close();
    throw new RinError(
      `${source}: the ${nouns} have changed since this run was trained on them${sizes(facts, data)}; restore them, or name others: --data my-${nouns}`,
    );
  }
  if (isChanged) onNotice(`${source}: this run was trained on other ${nouns}${sizes(facts, data)}`);
  const split = isChanged ? { trained: data } : splitData(data, config);
  return { data, ...split, [Symbol.dispose]: () => data.close() };
}

/** The inputs of the run whose folder has this model; undefined for a model outside of its run. */
async function factsBeside(file: string): Promise<RunFacts | undefined> {
  const folder = dirname(file);
  const isRun = ['config.yaml', 'data.json'].every((name) => existsSync(join(folder, name)));
  return isRun ? readFacts(folder) : undefined;
}

const sizes = ({ data: { length } }: RunFacts, data: Dataset): string =>
  length === undefined || length === data.length ? '' : ` (${count(length)} then, ${count(data.length)} now)`;
