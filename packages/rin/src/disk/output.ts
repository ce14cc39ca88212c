import { realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './makeFolder.js';
import { change, writeWhole } from './wholeFiles.js';

/**
 * Writes a file that the user named; folders on the way are made. A file that has the name is replaced by the whole new one,
 * or stays as it is. Links are followed; what is no file, such as a pipe, is written to.
 * @throws {RinError} if it cannot be written
 */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  await change('make', path, () => makeFolder(dirname(path)));
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there)
    await writeWhole(path, bytes, false); // flushing each of thousands of new pictures would take minutes
  else if (there.isFile() || there.isDirectory()) await writeWhole(realpathSync(path), bytes);
  else await change('write', path, async () => writeFileSync(path, bytes));
}
