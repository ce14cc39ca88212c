import { RinError } from '@rin/core';
import type { Config } from '../config/config.js';
import type { FoundSource } from '../data/find.js';
import { modelFile } from '../runs/namedModel.js';
import { checkInitialModel, type InitialModel, openInitialModel } from './initialModel.js';
import type { DataInput } from './openData.js';
import { alone, aloneOnMps, type Ranks } from './ranks.js';
import { type Compute, chooseCompute } from './resources/compute.js';

/** What to train. A source or model that the command line has opened is not opened again. */
export interface Request {
  /** checked (`parseConfig`) */
  readonly config: Config;
  readonly source: DataInput | FoundSource;
  /** the model `training.init`, if it is open already; `resolve` takes ownership */
  readonly init?: InitialModel;
}

/** A request, checked as far as possible before data are decoded. Dispose it, because it may hold a model. */
export interface Resolved extends Disposable {
  readonly config: Config;
  readonly source: DataInput | FoundSource;
  /** absent if `training.init` is not set or its file is gone; a run that started from it resumes without it */
  readonly init?: InitialModel;
  /** sentences about unusual settings that are not errors */
  readonly notices: readonly string[];
  readonly compute: Compute;
}

/**
 * Resolves the device, the precision and the initial model of a request. It runs before data are decoded, because decoding
 * may take an hour.
 * @param ranks the processes that train together; those of one machine take its GPUs in turn
 * @throws RinError if the device does not exist, or if the model cannot be read or does not fit the configuration
 */
export async function resolve(
  { config, source, init: opened }: Request,
  { localRank, count }: Pick<Ranks, 'localRank' | 'count'> = alone,
): Promise<Resolved> {
  let init = opened;
  try {
    const compute = chooseCompute(config.training, localRank);
    if (compute.device === 'mps' && count > 1) throw new RinError(aloneOnMps);
    const { init: path } = config.training;
    if (!init && path !== undefined && modelFile(path) !== undefined) init = await openInitialModel(path);
    const notices = init ? checkInitialModel(init, config) : [];
    const held = init;
    return {
      config,
      source,
      ...(held && { init: held }),
      notices,
      compute,
      [Symbol.dispose]: () => held?.[Symbol.dispose](),
    };
  } catch (error) {
    init?.[Symbol.dispose]();
    throw error;
  }
}
