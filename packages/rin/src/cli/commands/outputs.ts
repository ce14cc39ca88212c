import { accessSync, constants, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '@rin/core';
import { makeFolder } from '../../disk/makeFolder.js';
import { WriteError } from '../../disk/systemError.js';
import { change, removeAbandoned } from '../../disk/wholeFiles.js';
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
 * What was asked for; `samples.png` if nothing was. Folders are made, so that what cannot be written is known before
 * anything is drawn.
 * @throws {RinError} if a place cannot be written
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
  if (folder !== undefined) await makeReady(folder, (name) => /^\d+\.png$/.test(name));
  for (const file of [outputs.grid, animation]) if (file !== undefined) await makeFileReady(file);
  return outputs;
}

/**
 * Makes sure, before long work, that a file can be written: its folder is made, and what killed processes left of the file
 * is removed.
 * @throws {RinError} if it cannot be written
 */
export async function makeFileReady(file: string): Promise<void> {
  await makeReady(dirname(file), (name) => name === basename(file));
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new WriteError(file, 'it is a folder');
}

async function makeReady(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  await change('make', folder, async () => {
    await makeFolder(folder);
    accessSync(folder, constants.W_OK);
  });
  await removeAbandoned(folder, isOurs);
}
