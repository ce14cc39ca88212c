import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RinError } from '@rin/core';

/** File name of the newest model in the folder of a run. */
export const modelName = 'model.safetensors';

/** The model file at a path, which may be the folder of a run; undefined if there is none. */
export function modelFile(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, modelName) : path;
  return existsSync(file) ? file : undefined;
}

/**
 * The model file that a user names.
 * @param path a model file, or the folder of a run
 * @returns the path of the file itself
 * @throws RinError if there is none, or if it is not a regular file: reading a device or a pipe may never end
 */
export function namedModel(path: string): string {
  const file = modelFile(path);
  if (file !== undefined) {
    const stats = statSync(file);
    if (stats.isFile()) return file;
    throw new RinError(
      `${file}: it is ${stats.isDirectory() ? 'a folder' : 'not a regular file'}; name a model file or the folder of a run`,
    );
  }
  if (!existsSync(path)) throw new RinError(`${path}: there is no such model file or run`);
  throw new RinError(`${path}: there is no ${modelName} in this folder; a run writes it with its first checkpoint`);
}
