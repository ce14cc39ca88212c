import { namedModel } from '../../runs/namedModel.js';
import type { Given } from '../terminal/command.js';
import type { Layer } from './layers.js';

/**
 * The configuration of the model to start from, in place of a preset where neither a preset nor a file is given: it is one
 * that the weights fit.
 * @throws {RinError} where there is no such model
 */
export async function modelLayer(given: Given): Promise<Layer | undefined> {
  const init = given.text('--training.init');
  if (init === undefined || given.has('--preset') || given.has('--config')) return undefined;
  const path = namedModel(init);
  const { loadModel } = await import('../../diffusion/modelFile.js');
  const { config, network } = await loadModel(path);
  for (const tensor of Object.values(network.parameters())) tensor.dispose();
  return { from: 'preset', name: path, value: config };
}
