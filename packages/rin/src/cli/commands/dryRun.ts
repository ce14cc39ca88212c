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
  const { samples, classes, missing } = await countData(what);
  const plan = planPreviews(config);
  const previews = plan ? [previewLine(plan, config, classes)] : [];
  if (!(await canLoadTorch())) {
    const unknown = 'parameters, work, time, memory and disk: unknown until rin is set up';
    return [...missing, `network: ${tokensText(tokensOf(config))}`, ...previews, unknown];
  }
  return [...missing, ...(await measuredLines(what, samples)), ...previews];
}

/** Number and classes of the samples, without decoding them. Data that are not there are no error: another machine may train. */
async function countData({ config, source: found }: DryRun) {
  const none = { samples: 0, classes: [] };
  try {
    const { findFor } = await import('../../data/find.js');
    const source =
      found ??
      (config.source === undefined ? undefined : await findFor(config.source, sizeList(config.model.size), {}));
    const listing = await source?.list();
    listing?.close();
    if (!listing) return { ...none, missing: [] };
    const samples = 'pictures' in listing ? listing.pictures.length : 0; // a video becomes any number of clips
    return { samples, classes: listing.classes, missing: [] };
  } catch (error) {
    if (!(error instanceof RinError)) throw error;
    return { ...none, missing: [`data: ${error.message}; they are not counted`] };
  }
}

/** @param samples number of samples of the data; 0 = unknown */
async function measuredLines({ config, init, folder }: DryRun, samples: number): Promise<string[]> {
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
  const data = { memory: bytesInMemory(samples, [channels, ...sizeList(size)]) };
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
