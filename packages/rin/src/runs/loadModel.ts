import type { Device } from '@rin/torch';
import { loadModel as loadModelFile, type Model } from '../diffusion/modelFile.js';
import { namedModel } from './namedModel.js';

/**
 * Loads a model.
 * @param path a model file, or the folder of a run; a run has a model from its first checkpoint on
 * @throws RinError if there is no model, if it cannot be read or is damaged, or if its weights do not fit its configuration
 */
export async function loadModel(path: string, { device = 'cpu' }: { device?: Device } = {}): Promise<Model> {
  return loadModelFile(namedModel(path), { device });
}
