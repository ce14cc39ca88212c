import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RinError } from '@rin/core';
import { systemCode } from './systemError.js';

/**
 * Makes a folder and its missing parents. Unlike `mkdir` of Node with `recursive`, it returns if the system refuses
 * with ENOENT, as below /proc.
 * @throws RinError if the system refuses with ENOENT; otherwise the system's own error
 */
export async function makeFolder(path: string): Promise<void> {
  if ((await attempt(path)) === 'made') return;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  if ((await attempt(path)) === 'made') return;
  throw new RinError(`cannot make ${path}: the system allows no folder there`);
}

async function attempt(path: string): Promise<'made' | 'nothing above'> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'nothing above';
    if (systemCode(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
  return 'made';
}
