import { RinError, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';
import { fewNames } from '../data/classes.js';
import type { Dataset } from '../data/dataset.js';
import type { FoundSource } from '../data/find.js';
import { openDataset } from '../data/open.js';
import type { DataOptions } from '../data/progress.js';
import { datasetFromSamples, type ProgramSample, type SamplesOptions } from '../data/samples.js';

/** The name of a source, as `openDataset` takes it, a data set, or the samples of a program. */
export type DataInput = string | Dataset | Iterable<ProgramSample> | AsyncIterable<ProgramSample>;

export interface OpenDataOptions extends DataOptions {
  readonly onNotice?: (sentence: string) => void;
}

/**
 * Opens data as a data set whose samples and classes fit the configuration. The caller closes it, unless `data` is that data
 * set itself.
 * @throws RinError if samples or classes do not fit, or if the source cannot be opened
 */
export async function openData(
  data: DataInput | FoundSource,
  config: Config,
  options: OpenDataOptions,
): Promise<Dataset> {
  const { model } = config;
  const shape = [model.channels, ...sizeList(model.size)];
  const dataset =
    typeof data === 'string' || 'place' in data
      ? await openDataset(data, { size: shape.slice(1), channels: model.channels, data: config.data, ...options })
      : 'fingerprint' in data
        ? data
        : await datasetFromSamples(data, shape, conditionOption(model));
  const problem = misfit(dataset, shape, model);
  if (problem === undefined) return dataset;
  if (dataset !== data) dataset.close();
  throw new RinError(`${dataset.name}: ${problem}`);
}

/** The shape [s, d_c] of the condition sequences of samples, if the network takes them. */
const conditionOption = ({ conditionTokens, conditionDim }: Config['model']): SamplesOptions =>
  conditionDim > 0 ? { condition: [conditionTokens, conditionDim] } : {};

function conditionMisfit({ conditionShape: shape }: Dataset, model: Config['model']): string | undefined {
  const { conditionTokens, conditionDim } = model;
  const wanted = `model.conditionTokens is ${conditionTokens} and model.conditionDim ${conditionDim}`;
  if (!shape) {
    if (conditionDim === 0) return undefined;
    return `its samples have no condition sequences, but ${wanted}; give each sample a condition, or set both to 0`;
  }
  if (shape[0] === conditionTokens && shape[1] === conditionDim) return undefined;
  return `its condition sequences are [${shape.join(', ')}], but ${wanted}; set them to ${shape[0]} and ${shape[1]}`;
}

function misfit(data: Dataset, shape: readonly number[], model: Config['model']): string | undefined {
  const { classes } = model;
  if (data.shape.join() !== shape.join()) {
    return `its samples are [${data.shape.join(', ')}], but the configuration expects [${shape.join(', ')}]; change model.size or model.channels`;
  }
  const problem = conditionMisfit(data, model);
  if (problem !== undefined) return problem;
  if (classes === 0 || classes === data.classes.length) return undefined;
  const found = data.classes.length > 0 ? `${data.classes.length} classes (${fewNames(data.classes)})` : 'no classes';
  return `it has ${found}, but model.classes is ${classes}; set it to ${data.classes.length}, or leave it out`;
}
