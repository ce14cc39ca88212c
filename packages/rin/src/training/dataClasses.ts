import { sizeList } from '@rin/core';
import { areClassesOpen } from '../config/checkedModel.js';
import type { Config } from '../config/config.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import { classCount, classesNotice, sourceWithClasses } from '../data/classes.js';
import type { FoundSource } from '../data/find.js';
import type { DataOptions } from '../data/progress.js';
import { datasetFromSamples } from '../data/samples.js';
import type { DataInput } from './openData.js';
import { chooseCompute } from './resources/compute.js';

export interface DataClassesOptions extends DataOptions {
  /** called with a sentence if this changes the number of classes */
  readonly onNotice: (sentence: string) => void;
}

/**
 * Takes the number of classes from the data if the configuration leaves it open: a preset whose changes do not name
 * `model.classes`, or a configuration without this key. The command line follows the same rule (`fromData`).
 * @param config checked (`parseConfig`)
 * @returns the configuration, and the data as far as they were opened for it
 * @throws RinError if the source does not exist, samples do not fit, or the device does not exist
 */
export async function withDataClasses(
  config: Config,
  data: DataInput,
  { onNotice, ...watch }: DataClassesOptions,
): Promise<{ config: Config; source: DataInput | FoundSource }> {
  if (!areClassesOpen(config.model) || config.model.conditionDim > 0) return { config, source: data };
  const { source, names } = await opened(config, data, watch);
  const classes = classCount(names);
  if (classes === config.model.classes) return { config, source };
  onNotice(classesNotice(names));
  return { config: parseConfig(mergeConfig(config, { model: { classes } }), 'configuration'), source };
}

async function opened(
  config: Config,
  data: DataInput,
  watch: DataOptions,
): Promise<{ source: DataInput | FoundSource; names: readonly string[] }> {
  const size = sizeList(config.model.size);
  if (typeof data === 'string') return sourceWithClasses(data, size, watch);
  if ('fingerprint' in data) return { source: data, names: data.classes };
  chooseCompute(config.training); // a program may make its samples for an hour
  const dataset = await datasetFromSamples(data, [config.model.channels, ...size]); // in memory: nothing to close
  return { source: dataset, names: dataset.classes };
}
