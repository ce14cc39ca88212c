import type { Config } from '../../config/config.js';
import { runKeys } from '../../config/runKeys.js';
import { namedRun } from '../../runs/namedRun.js';
import type { InitialModel } from '../../training/initialModel.js';
import { Given } from '../terminal/command.js';
import type { Layer } from './layers.js';

/** The initial model, and the layer of its configuration. */
export interface FromModel {
  readonly layer: Layer;
  readonly init: InitialModel;
}

/**
 * The arguments with the path of the initial model in place of the name or number of a run. So the configuration of the new run
 * holds a path.
 * @throws RinError if there is no run of this number
 */
export async function withInitialPath(given: Given): Promise<Given> {
  const flag = '--training.init';
  const name = given.text(flag);
  const path = name === undefined ? undefined : await namedRun(name, given.text('--runs'));
  return path === undefined ? given : new Given(new Map([...given.flags, [flag, path]]), given.operands);
}

/**
 * The configuration of the initial model, which its weights fit. It replaces the default preset if neither a preset nor a file
 * is given. Keys that belong to a run and its machine are left out, so they have their defaults. The caller disposes the model.
 * @returns undefined if there is no initial model, or if a preset or a file is given
 * @throws RinError if there is no such model
 */
export async function fromModel(given: Given): Promise<FromModel | undefined> {
  const path = given.text('--training.init');
  if (path === undefined || given.has('--preset') || given.has('--config')) return undefined;
  const { openInitialModel } = await import('../../training/initialModel.js');
  const init = await openInitialModel(path);
  return { layer: { from: 'preset', name: init.file, value: ofTheModel(init.model.config) }, init };
}

function ofTheModel({ training, ...rest }: Config): unknown {
  const kept = Object.entries(training).filter(([key]) => !runKeys.some((name) => name === key));
  return { ...rest, training: Object.fromEntries(kept) };
}
