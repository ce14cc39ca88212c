import type { InitialModel } from '../../training/initialModel.js';
import type { Given } from '../terminal/command.js';
import type { Layer } from './layers.js';

/** The model to start from, and the layer of its configuration. */
export interface FromModel {
  readonly layer: Layer;
  readonly init: InitialModel;
}

/**
 * The configuration of the model to start from, in place of a preset where neither a preset nor a file is given: it is one
 * that the weights fit. The model is handed on, to be disposed.
 * @throws {RinError} where there is no such model
 */
export async function fromModel(given: Given): Promise<FromModel | undefined> {
  const path = given.text('--training.init');
  if (path === undefined || given.has('--preset') || given.has('--config')) return undefined;
  const { openInitialModel } = await import('../../training/initialModel.js');
  const init = await openInitialModel(path);
  return { layer: { from: 'preset', name: init.file, value: init.model.config }, init };
}
