import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RinError } from '@rin/core';
import { listRuns } from './runDirectory.js';

/** Most runs that a message lists. */
const mostListed = 12;

const isNumber = (name: string): boolean => /^\d+$/.test(name);

/**
 * The path that a user means by a name. It may be a path, the name of a run, or the number of a run. A path that exists comes
 * first, so a file or folder called `1` is not the run 1.
 * @param runsFolder the folder of the runs
 * @returns undefined if nothing has this name
 * @throws RinError if it is a number and neither a path nor a run has it; the message lists the runs
 */
export async function namedRun(name: string, runsFolder = 'runs'): Promise<string | undefined> {
  if (existsSync(name)) return name;
  const inFolder = join(runsFolder, name);
  if (existsSync(inFolder)) return inFolder;
  if (!isNumber(name)) return undefined;
  const runs = await listRuns(runsFolder);
  const found = runs.find(({ number }) => number === Number(name));
  if (found) return found.path;
  const numbers = runs.map(({ number }) => number);
  const listed = numbers.slice(0, mostListed).join(', ');
  const there =
    numbers.length === 0
      ? 'it has no runs yet'
      : numbers.length > mostListed
        ? `its newest runs are ${listed}`
        : `its runs are ${listed}`;
  throw new RinError(`${name}: there is no run of this number in ${runsFolder}; ${there}`);
}
