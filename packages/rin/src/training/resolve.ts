import type { Config } from '../config/config.js';
import type { FoundSource } from '../data/find.js';
import { modelFile } from '../runs/namedModel.js';
import { checkInitialModel, type InitialModel, openInitialModel } from './initialModel.js';
import type { DataInput } from './openData.js';
import { type Compute, chooseCompute } from './resources/compute.js';

/** What is to be trained. What a command line opened to make its configuration is handed on, and not opened again. */
export interface Request {
  /** checked (`parseConfig`) */
  readonly config: Config;
  readonly source: DataInput | FoundSource;
  /** the model `training.init`, where it is open already; `resolve` takes it over */
  readonly init?: InitialModel;
}

/** All that is known before data are decoded, each part of it made once. To be disposed, for it may hold a model. */
export interface Resolved extends Disposable {
  readonly config: Config;
  readonly source: DataInput | FoundSource;
  /** absent where `training.init` is not set, or its file is gone: a run that began from it goes on without it */
  readonly init?: InitialModel;
  /** what is unusual but no error, in sentences */
  readonly notices: readonly string[];
  readonly compute: Compute;
}

/**
 * Resolves what a request leaves open, before data are decoded, which may take an hour: the device and the precision, and
 * the model to start from.
 * @throws {RinError} where the device is not there, or the model is none or does not fit the configuration
 */
export async function resolve({ config, source, init: opened }: Request): Promise<Resolved> {
  let init = opened;
  try {
    const compute = chooseCompute(config.training);
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
