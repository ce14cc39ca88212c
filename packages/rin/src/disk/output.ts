import { realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './makeFolder.js';
import { change, writeWhole } from './wholeFiles.js';

/**
 * Writes a file that the user named, and makes its missing folders. The new file is complete or absent; an existing
 * file is replaced only by the complete new one. Links are followed. A pipe or a device is written to directly.
 * @throws RinError if it cannot be written
 */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  await change('make', path, () => makeFolder(dirname(path)));
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there)
    await writeWhole(path, bytes, false); // flushing thousands of new pictures would take minutes
  else if (there.isFile() || there.isDirectory()) await writeWhole(realpathSync(path), bytes);
  else await change('write', path, async () => writeFileSync(path, bytes));
}
