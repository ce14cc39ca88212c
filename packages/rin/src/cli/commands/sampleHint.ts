import { existsSync } from 'node:fs';
import { quoted, RinError } from '@rin/core';
import { findModel } from '../../runs/findModel.js';

const areSeeds = (text: string): boolean => /^\d+([-,]\d+)+$/.test(text);

/** What a second argument of `rin sample` may mean: seeds or classes. */
export function flagFor(argument: string): string | undefined {
  if (areSeeds(argument)) return `--seeds ${argument}`;
  return existsSync(argument) ? undefined : `--classes ${quoted(argument)}`;
}

/**
 * The model that the user names.
 * @throws RinError if there is none; if the name is seeds or classes of the default model, it names their flag
 */
export async function modelNamed(name: string | undefined): Promise<string> {
  try {
    return await findModel(name);
  } catch (error) {
    if (name === undefined || existsSync(name) || !(error instanceof RinError)) throw error;
    const isMeant = areSeeds(name) || (await areClasses(name));
    throw isMeant ? new RinError(`${error.message}; did you mean ${flagFor(name)}?`) : error;
  }
}

/** Whether the default model has all these classes, separated by commas. */
async function areClasses(text: string): Promise<boolean> {
  const { loadModel } = await import('../../diffusion/modelFile.js');
  try {
    const { classes } = await loadModel(await findModel());
    return text.split(',').every((name) => classes.includes(name.trim()));
  } catch {
    return false; // there is no such model, and the first error says what is wrong
  }
}
