import { lengthOf, RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import { isEndless } from '../data/builtIn.js';
import type { Dataset } from '../data/dataset.js';
import { spreadIndices } from '../data/spreadOver.js';
import { nounOf } from '../media/formats.js';
import type { Image } from '../media/image.js';
import { openTrainingData, type TrainingDataOptions } from '../training/trainingData.js';
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

/**
 * Opens the pictures that a model was trained on (`openTrainingData`).
 * @param file the model file
 * @throws RinError as `openTrainingData`, or if a formula makes the pictures without end
 * @throws UsageError if neither model nor user names a source
 */
export async function openTrainingPictures(
  file: string,
  config: Config,
  options: TrainingDataOptions,
): Promise<TrainingPictures> {
  const source = options.source ?? config.source;
  if (source !== undefined && isEndless(source))
    throw new RinError(
      `${source}: a formula makes its ${nounOf(config.model)}s without end, so there is no most similar one; leave out --nearest`,
    );
  const { data, trained, ...held } = await openTrainingData(file, config, options);
  return {
    data: trained,
    heldOut: data.length - trained.length,
    mirrored: config.data.flip,
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

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
    const image = { data: new Uint8Array(lengthOf(data.shape)), shape: data.shape };
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
