// @ts-check
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from './errors.mjs';

/**
 * Makes a folder and its parents. Node's own function never returns if the system reports that a folder does not exist but
 * does not let it be made, as below /proc.
 *
 * @param {string} path
 * @throws SetupError in that case; otherwise the system's error
 */
export function makeFolder(path) {
  if (attempt(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  if (!attempt(path)) throw new SetupError(`Cannot make ${path}: the system allows no folder there`);
}

/** @param {string} path @returns {boolean} false if its parent does not exist */
function attempt(path) {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return false;
    if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
  return true;
}
