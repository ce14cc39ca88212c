import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RinError } from '@rin/core';
import { nearest } from '../../config/nearest.js';
import { modelName, namedModel } from '../../runs/namedModel.js';
import { namedRun } from '../../runs/namedRun.js';
import { loadPreset, presetNames } from '../../training/presets.js';
import { type Layer, readConfigFile } from './layers.js';

/** The configuration file of a run. */
const configName = 'config.yaml';

/**
 * The configuration that a user names.
 * @param name a YAML file, a model file, the folder, name or number of a run, or a preset. A file, model or run comes first; a
 *     folder of data such as `cifar10` does not hide the preset
 * @throws RinError if nothing has this name, or it cannot be read
 */
export async function inspectedLayer(name: string): Promise<Layer> {
  const preset = presetNames().find((known) => known === name);
  if (preset !== undefined && !hasNetwork(name))
    return { from: 'preset', name: `preset ${preset}`, value: loadPreset(preset) };
  const path = await namedRun(name);
  if (path === undefined) {
    const meant = nearest(name, presetNames());
    const hint = meant === undefined ? '' : `; did you mean the preset ${meant}?`;
    throw new RinError(`${name}: there is no preset, configuration file, model or run of this name${hint}`);
  }
  const isFolder = statSync(path).isDirectory();
  const file = isFolder ? join(path, configName) : path;
  if (isFolder ? existsSync(file) : /\.ya?ml$/i.test(file))
    return { from: 'file', name: file, value: readConfigFile(file) };
  const model = namedModel(isFolder ? join(path, modelName) : path);
  const { readModelConfig } = await import('../../diffusion/modelFile.js');
  return { from: 'file', name: model, value: await readModelConfig(model) };
}

/** Whether a path is a file, or the folder of a run or a model. */
const hasNetwork = (path: string): boolean =>
  existsSync(path) &&
  (!statSync(path).isDirectory() || [configName, modelName].some((name) => existsSync(join(path, name))));
