import { accessSync, constants, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '@rin/core';
import { makeFolder } from '../../disk/makeFolder.js';
import { WriteError } from '../../disk/systemError.js';
import { change, removeAbandoned } from '../../disk/wholeFiles.js';
import type { Given } from '../terminal/command.js';

/** With `--out` alone, a grid is written for up to this many pictures. */
export const mostInGrid = 1024;

/** Where `rin sample` writes its pictures. */
export interface Outputs {
  /** folder of single files */
  readonly folder?: string;
  readonly grid?: string;
  readonly animation?: string;
  /** the pictures, each beside the most similar training picture */
  readonly nearest?: string;
}

/**
 * The requested outputs, or `samples.png` if there are none. It creates their folders, so that an output that cannot be written
 * fails before the drawing starts.
 * @throws RinError if an output cannot be written
 */
export async function readOutputs(given: Given, pictures: number): Promise<Outputs> {
  const [folder, gridFile, animation, nearest] = ['--out', '--grid', '--animate', '--nearest'].map((flag) =>
    given.text(flag),
  );
  if (animation !== undefined && !/\.webp$/i.test(animation)) {
    throw new UsageError(`--animate ${animation}: expected the name of a WebP file, such as denoising.webp`);
  }
  for (const [flag, file] of [
    ['--grid', gridFile],
    ['--nearest', nearest],
  ] as const) {
    if (file !== undefined && !/\.png$/i.test(file))
      throw new UsageError(`${flag} ${file}: expected the name of a PNG file, such as ${flag.slice(2)}.png`);
  }
  if (nearest !== undefined && pictures > mostInGrid)
    throw new UsageError(`--nearest with ${pictures} pictures: expected at most ${mostInGrid}; draw fewer --seeds`);
  if (nearest === undefined && given.has('--data'))
    throw new UsageError('--data names the training pictures for --nearest; add --nearest nearest.png');
  const nothing = [folder, gridFile, animation, nearest].every((each) => each === undefined);
  const inFolder = folder !== undefined && pictures <= mostInGrid ? join(folder, 'grid.png') : undefined;
  const outputs: Outputs = { folder, grid: gridFile ?? (nothing ? 'samples.png' : inFolder), animation, nearest };
  if (folder !== undefined) await makeReady(folder, (name) => /^\d+\.png$/.test(name));
  for (const file of [outputs.grid, animation, nearest]) if (file !== undefined) await makeFileReady(file);
  return outputs;
}

/**
 * Checks before long work that a file can be written. It creates the folder, and removes partial files that killed processes
 * left.
 * @throws RinError if the file cannot be written
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
