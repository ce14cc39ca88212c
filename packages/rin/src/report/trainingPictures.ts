import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { count, RinError, sizeList, UsageError } from '@rin/core';
import type { Config } from '../config/config.js';
import { isBuiltIn, isEndless } from '../data/builtIn.js';
import { type Dataset, sampleLength } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import type { DataOptions } from '../data/progress.js';
import { spreadIndices } from '../data/spreadOver.js';
import { nounOf } from '../media/formats.js';
import type { Image } from '../media/image.js';
import { type RunFacts, readFacts } from '../runs/runDirectory.js';
import { splitData } from '../training/validation.js';
import { type Nearest, type NearestOptions, nearestSamples } from './nearestSamples.js';

/** The pictures that a model was trained on. Dispose them, because they may hold open files. */
export interface TrainingPictures extends Disposable {
  /** without the held-out pictures */
  readonly data: Dataset;
  /** number of held-out pictures */
  readonly heldOut: number;
  /** whether the network also saw their mirror images */
  readonly mirrored: boolean;
}

export interface TrainingPicturesOptions extends DataOptions {
  /** the source that the user names; default: the one in the configuration of the model */
  readonly source?: string;
  /** gets a sentence about anything unusual that is not an error */
  readonly onNotice: (sentence: string) => void;
}

/**
 * Opens the pictures that a model was trained on. If the model is in the folder of its run, they are compared with the run's
 * data by content.
 * @param file the model file
 * @throws RinError if the pictures are not there any more, or if they have changed and `source` does not name them; or if a formula
 *     makes them without end
 * @throws UsageError if neither model nor user names a source
 */
export async function openTrainingPictures(
  file: string,
  config: Config,
  { source: named, onNotice, ...options }: TrainingPicturesOptions,
): Promise<TrainingPictures> {
  const source = named ?? config.source;
  const nouns = `${nounOf(config.model)}s`;
  const name = `name them: --data my-${nouns}`;
  if (source === undefined) throw new UsageError(`${file} does not say on which ${nouns} it was trained; ${name}`);
  if (isEndless(source))
    throw new RinError(
      `${source}: a formula makes its ${nouns} without end, so there is no most similar one; leave out --nearest`,
    );
  if (named === undefined && !isBuiltIn(source) && !existsSync(source))
    throw new RinError(`${source}: the training ${nouns} of this model are not there; ${name}`);
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
  const trained = isChanged ? data : splitData(data, config).trained;
  return {
    data: trained,
    heldOut: data.length - trained.length,
    mirrored: config.data.flip,
    [Symbol.dispose]: () => data.close(),
  };
}

/** The inputs of the run whose folder has this model; undefined for a model outside of its run. */
async function factsBeside(file: string): Promise<RunFacts | undefined> {
  const folder = dirname(file);
  const isRun = ['config.yaml', 'data.json'].every((name) => existsSync(join(folder, name)));
  return isRun ? readFacts(folder) : undefined;
}

const sizes = ({ data: { length } }: RunFacts, data: Dataset): string =>
  length === undefined || length === data.length ? '' : ` (${count(length)} then, ${count(data.length)} now)`;

/** Drawn pictures compared with training pictures. Distances are root mean squared differences of values in [0, 1]. */
export interface Comparison {
  /** for each drawn picture */
  readonly nearest: readonly Nearest[];
  /** mean distance of a drawn picture to its nearest training picture */
  readonly mean: number;
  /** mean distance of a training picture to its nearest other one, over up to 100 of them; absent if there is only one */
  readonly own?: number;
}

/** Most training pictures that are compared with the others. */
const mostOwn = 100;

/** Compares drawn pictures with training pictures, and training pictures with each other. */
export async function compareWithTraining(
  { data, mirrored }: TrainingPictures,
  images: readonly Image[],
  options: Pick<NearestOptions, 'onProgress' | 'signal'>,
): Promise<Comparison> {
  // The data are often sorted by class.
  const chosen = data.length > 1 ? spreadIndices(data.length, mostOwn) : [];
  const own = chosen.map((index): Image => {
    const image = { data: new Uint8Array(sampleLength(data.shape)), shape: data.shape };
    data.read(index, image.data);
    return image;
  });
  const found = await nearestSamples(data, [...images, ...own], {
    except: [...images.map(() => -1), ...chosen],
    mirrored,
    ...options,
  });
  const nearest = found.slice(0, images.length);
  return {
    nearest,
    mean: meanDistance(nearest),
    ...(own.length > 0 && { own: meanDistance(found.slice(images.length)) }),
  };
}

const meanDistance = (found: readonly Nearest[]): number =>
  found.reduce((sum, { rmse }) => sum + rmse, 0) / found.length;
