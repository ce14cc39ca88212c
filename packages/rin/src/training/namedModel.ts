import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RinError } from '../core/errors.js';

/** The newest model of a run, in its folder. */
export const modelName = 'model.safetensors';

/**
 * The model file that a user names.
 * @param path a model file, or the folder of a run
 * @throws {RinError} where there is none
 */
export function namedModel(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return path;
  if (!stats) throw new RinError(`${path}: there is no such model file or run`);
  if (existsSync(join(path, modelName))) return join(path, modelName);
  throw new RinError(`${path}: there is no ${modelName} in this folder; a run has one from its first checkpoint on`);
}
