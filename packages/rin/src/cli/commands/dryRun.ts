import { count, RinError, sizeList } from '@rin/core';
import type { Config } from '../../config/config.js';
import { bytesInMemory } from '../../data/dataset.js';
import type { FoundSource } from '../../data/find.js';
import type { InitialModel } from '../../training/initialModel.js';
import { planPreviews, previewLine } from '../../training/previewPlan.js';
import { tokensOf, tokensText } from '../../training/resources/tokens.js';
import { canLoadTorch } from '../addon.js';

/** What `rin train` would train. */
export interface DryRun {
  readonly config: Config;
  readonly source?: FoundSource;
  readonly init?: InitialModel;
  /** folder of the run or of the runs; it need not exist */
  readonly folder: string;
}

/**
 * Sentences about a training that does not take place: network, work, time, memory, disk and previews. Before set-up, without
 * libtorch, they tell what is known.
 * @throws RinError if the initial model does not fit, or the run does not fit on the disk
 */
export async function dryRunLines(what: DryRun): Promise<string[]> {
  const { config } = what;
  const { samples, inMemory, classes, missing } = await countData(what);
  const plan = planPreviews(config);
  const previews = plan ? [previewLine(plan, config, classes)] : [];
  if (!(await canLoadTorch())) {
    const unknown = 'parameters, work, time, memory and disk: unknown until rin is set up';
    return [...missing, `network: ${tokensText(tokensOf(config))}`, ...previews, unknown];
  }
  return [...missing, ...(await measuredLines(what, samples, inMemory)), ...previews];
}

/**
 * Number and classes of the samples, without decoding them, and how many of them may be held in memory: none of a built-in set
 * without end. Data that are not there are no error, because another machine may train.
 */
async function countData({ config, source: found }: DryRun) {
  const none = { samples: 0, inMemory: 0, classes: [] };
  try {
    const { findFor } = await import('../../data/find.js');
    const source =
      found ??
      (config.source === undefined ? undefined : await findFor(config.source, sizeList(config.model.size), {}));
    if (!source) return { ...none, missing: [] };
    if (source.medium === 'picture') {
      const { pictures, classes, close } = await source.list();
      close();
      return { samples: pictures.length, inMemory: pictures.length, classes, missing: [] };
    }
    const { recordings, classes, close } = await source.list();
    close();
    if (source.built) return { samples: Number.POSITIVE_INFINITY, inMemory: 0, classes, missing: [] };
    const { countSamples } = await import('../../data/countSamples.js');
    const samples = await countSamples(source, recordings, sizeList(config.model.size)[0], config.data);
    return { samples, inMemory: samples, classes, missing: [] };
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
    return { ...none, missing: [`data: ${error.message}; they are not counted`] };
  }
}

/** @param samples number of samples of the data; 0 = unknown @param inMemory number of those that may be held in memory */
async function measuredLines({ config, init, folder }: DryRun, samples: number, inMemory: number): Promise<string[]> {
  const { checkInitialModel } = await import('../../training/initialModel.js');
  const { chooseCompute } = await import('../../training/resources/compute.js');
  const { trainingCost } = await import('../../training/resources/cost.js');
  const { networkFacts, workLine } = await import('../../training/resources/facts.js');
  const { diskLine, memoryLines } = await import('../../training/resources/forecast.js');
  const { timeLine } = await import('../../training/resources/timeLine.js');
  const { trainingTime } = await import('../../training/resources/timing.js');

  const notices = init ? checkInitialModel(init, config) : [];
  const compute = chooseCompute({ ...config.training, device: 'auto' }); // another machine may train
  const { channels, size } = config.model;
  const data = { memory: bytesInMemory(inMemory, [channels, ...sizeList(size)]) };
  const cost = trainingCost(config, compute, data);
  const memory = memoryLines(cost, config, compute);
  const facts = networkFacts(config);
  const fits = memory.length === 1;
  const time = fits ? trainingTime(config, compute, samples) : undefined;
  const { images } = config.training;
  return [
    ...notices,
    `network: ${count(facts.parameters)} parameters, ${tokensText(facts)}`,
    workLine(facts),
    time
      ? timeLine(images, time.seconds, time.imagesPerSecond, 'in a short pass without the optimiser')
      : 'time: unknown, because the training does not fit into the memory',
    ...memory,
    await diskLine(cost, config, folder),
  ];
}
