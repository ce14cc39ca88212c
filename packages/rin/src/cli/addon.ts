import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTorchError } from '@rin/core';

/** The record of the native addon's build (`build/build.json` of @rin/torch). */
export interface Build {
  /** folder of the libtorch that it is linked to */
  readonly libtorch: string;
  readonly version: string;
  readonly source: 'LIBTORCH' | 'python3' | 'cache';
  readonly cuda: boolean;
}

/** The folder of @rin/torch, found without loading it. */
const torchFolder = (): string => join(dirname(fileURLToPath(import.meta.resolve('@rin/torch'))), '..', '..');

/** The record of the build; undefined if the addon is not built. */
export function readBuild(): Build | undefined {
  try {
    return JSON.parse(readFileSync(join(torchFolder(), 'build', 'build.json'), 'utf8')) as Build;
  } catch {
    return undefined;
  }
}

/** Whether libtorch can be loaded: not before set-up. It stays loaded. */
export async function canLoadTorch(): Promise<boolean> {
  try {
    await import('@rin/torch');
    return true;
  } catch (error) {
    if (isTorchError(error)) return false;
    throw error;
  }
}
