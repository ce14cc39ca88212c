import { extname } from 'node:path';
import { RinError } from '@rin/core';

/**
 * Checks that the name of a file promises the format that is written. A name without an ending, such as a pipe, promises none.
 * @param ending such as `.png`
 * @throws RinError if it has another ending
 */
export function checkEnding(path: string, ending: string): void {
  const found = extname(path);
  if (found === '' || found.toLowerCase() === ending) return;
  throw new RinError(`${path}: the file would be ${ending.slice(1).toUpperCase()}; use a name that ends in ${ending}`);
}
