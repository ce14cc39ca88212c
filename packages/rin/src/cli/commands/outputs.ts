import { accessSync, constants, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RinError, UsageError } from '@rin/core';
import { makeFolder } from '../../disk/makeFolder.js';
import { whyNot } from '../../disk/systemError.js';
import type { Given } from '../terminal/command.js';

/** With `--out` alone, a grid is made of up to so many pictures. */
export const mostInGrid = 1024;

/** Where the pictures of `rin sample` go. */
export interface Outputs {
  /** folder of single files */
  readonly folder?: string;
  readonly grid?: string;
  readonly animation?: string;
}

/**
 * What was asked for; `samples.png` where nothing was. Folders are made, so that what cannot be written is known before
 * anything is drawn.
 * @throws {RinError} where a place cannot be written
 */
export async function readOutputs(given: Given, pictures: number): Promise<Outputs> {
  const [folder, gridFile, animation] = ['--out', '--grid', '--animate'].map((flag) => given.text(flag));
  if (animation !== undefined && !/\.webp$/i.test(animation)) {
    throw new UsageError(`--animate ${animation}: expected the name of a WebP file, such as denoising.webp`);
  }
  if (gridFile !== undefined && !/\.png$/i.test(gridFile)) {
    throw new UsageError(`--grid ${gridFile}: expected the name of a PNG file, such as grid.png`);
  }
  const nothing = folder === undefined && gridFile === undefined && animation === undefined;
  const inFolder = folder !== undefined && pictures <= mostInGrid ? join(folder, 'grid.png') : undefined;
  const outputs: Outputs = { folder, grid: gridFile ?? (nothing ? 'samples.png' : inFolder), animation };
  if (folder !== undefined) await makeWritable(folder);
  for (const file of [outputs.grid, animation]) {
    if (file === undefined) continue;
    await makeWritable(dirname(file));
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw new RinError(`cannot write ${file}: it is a folder`);
  }
  return outputs;
}

async function makeWritable(path: string): Promise<void> {
  try {
    await makeFolder(path);
    accessSync(path, constants.W_OK);
  } catch (error) {
    const reason = whyNot(error);
    throw reason ? new RinError(`cannot write ${path}: ${reason}`) : error;
  }
}
