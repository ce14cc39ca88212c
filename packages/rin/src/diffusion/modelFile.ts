import { RinError } from '@rin/core';
import {
  type Device,
  noGrad,
  type OpenFile,
  openSafetensors,
  scope,
  type Tensor,
  TorchError,
  writeSafetensors,
} from '@rin/torch';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse.js';
import { RIN } from '../model/rin.js';
import { misfit } from './misfit.js';

/** A trained network, and everything that sampling needs. */
export interface Model {
  readonly config: Config;
  /** Names of the classes, by number; empty if the data have none. */
  readonly classes: readonly string[];
  /** Mean square of the data in [−1, 1]. */
  readonly meanSquare: number;
  readonly network: RIN;
}

/**
 * Writes a model file: the weights, and the configuration as metadata. No other file is needed to use the model.
 * @param options.dtype  `float16` halves the file and rounds the weights to 11 bits; `loadModel` makes them float32 again
 * @throws TorchError if the file cannot be written
 */
export async function saveModel(
  path: string,
  { config, classes, meanSquare, parameters }: Omit<Model, 'network'> & { readonly parameters: Record<string, Tensor> },
  { dtype = 'float32' }: { dtype?: 'float32' | 'float16' } = {},
): Promise<void> {
  const entries = Object.entries(parameters);
  const stored = scope(() =>
    noGrad(() => Object.fromEntries(entries.map(([name, tensor]) => [name, tensor.to(dtype)]))),
  );
  try {
    await writeSafetensors(path, stored, metadataOf({ config, classes, meanSquare }));
  } finally {
    for (const tensor of Object.values(stored)) tensor.dispose();
  }
}

/**
 * Reads a model file.
 * @param options.from  the file's handle, if it is open already. It is always closed
 * @throws RinError if the file cannot be read, is damaged or no model, or its weights do not fit its configuration
 */
export async function loadModel(
  path: string,
  { device = 'cpu', from }: { device?: Device; from?: OpenFile } = {},
): Promise<Model> {
  const file = await openSafetensors(path, from).catch((error) => mendable(error));
  const tensors: Record<string, Tensor> = {};
  try {
    const facts = readMetadata(path, file.metadata);
    const problem = misfit(facts.config.model, file); // before anything is built or read
    if (problem !== undefined) throw new RinError(`${path}: ${problem}; use another copy of the file`);
    for (const name of file.names) tensors[name] = await file.read(name).catch((error) => mendable(error));
    const network = new RIN(facts.config.model, { seed: null });
    try {
      network.loadParameters(tensors);
    } catch (error) {
      mendable(error, `${path}: `);
    }
    return { ...facts, network: network.to(device) };
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
    await file.close();
  }
}

/**
 * Reads the configuration of a model file, without its weights.
 * @throws RinError if the file cannot be read, is damaged or no model
 */
export async function readModelConfig(path: string): Promise<Config> {
  const file = await openSafetensors(path).catch((error) => mendable(error));
  try {
    return readMetadata(path, file.metadata).config;
  } finally {
    await file.close();
  }
}

/** What a model file has beside the weights: all that sampling needs. */
export const metadataOf = ({ config, classes, meanSquare }: Omit<Model, 'network'>): Record<string, string> => ({
  format: 'rin',
  config: JSON.stringify(config),
  classes: JSON.stringify(classes),
  meanSquare: String(meanSquare),
});

/** Reads the metadata that `saveModel` writes. @throws RinError if they are damaged */
function readMetadata(path: string, metadata: Readonly<Record<string, string>>): Omit<Model, 'network'> {
  if (metadata.format !== 'rin') {
    throw new RinError(`${path}: not a rin model; expected a model.safetensors that rin train wrote`);
  }
  const config = parseConfig(parsed(path, metadata.config), path);
  const classes = parsed(path, metadata.classes);
  const meanSquare = Number(metadata.meanSquare);
  if (!isNames(classes) || !(meanSquare > 0)) throw damaged(path);
  return { config, classes, meanSquare };
}

function parsed(path: string, text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(path);
  }
}

const damaged = (path: string): RinError =>
  new RinError(`${path}: its metadata is damaged; use another copy of the file`);

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/** Turns a TorchError about the file into a RinError, which the user can fix. */
function mendable(error: unknown, where = ''): never {
  throw error instanceof TorchError ? new RinError(where + error.message) : error;
}
