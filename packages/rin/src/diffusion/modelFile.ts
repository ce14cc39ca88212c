import { type Device, readSafetensors, type Tensor, writeSafetensors } from '@rin/torch';
import type { Config } from '../core/config/config.js';
import { parseConfig } from '../core/config/parse.js';
import { RinError } from '../core/errors.js';
import { RIN } from '../model/rin.js';

/** A trained network with everything that sampling from it needs. */
export interface Model {
  readonly config: Config;
  /** Names by number; empty where the data had none. */
  readonly classes: readonly string[];
  /** Mean square of the data in [−1, 1]. */
  readonly meanSquare: number;
  readonly network: RIN;
}

/** Writes a model file: float32 weights, and the configuration in the metadata, so that the file is enough by itself. */
export async function saveModel(
  path: string,
  model: Omit<Model, 'network'> & { readonly parameters: Readonly<Record<string, Tensor>> },
): Promise<void> {
  await writeSafetensors(path, model.parameters, {
    format: 'rin',
    config: JSON.stringify(model.config),
    classes: JSON.stringify(model.classes),
    meanSquare: String(model.meanSquare),
  });
}

/**
 * Reads a model file.
 * @throws RinError if it is none, or its weights do not fit its configuration
 */
export async function loadModel(path: string, { device = 'cpu' }: { device?: Device } = {}): Promise<Model> {
  const { tensors, metadata } = await readSafetensors(path);
  try {
    const text = metadata.config;
    if (metadata.format !== 'rin' || text === undefined) {
      throw new RinError(`${path}: holds no rin model; expected a model.safetensors that rin train wrote`);
    }
    const config = parseConfig(parsed(path, text), path);
    const network = new RIN(config.model, { seed: null });
    try {
      network.loadParameters(tensors);
    } catch (error) {
      throw new RinError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return {
      config,
      classes: parsed(path, metadata.classes ?? '[]') as string[],
      meanSquare: Number(metadata.meanSquare ?? 1),
      network: network.to(device),
    };
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RinError(`${path}: the metadata is damaged; take another copy of the file`);
  }
}
