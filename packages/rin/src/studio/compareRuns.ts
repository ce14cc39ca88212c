import { RinError } from '@rin/core';
import type { RunDifferences } from '@rin/web/studio';
import { comparability, differences } from '../runs/compare.js';
import { readRun } from '../runs/summary.js';
import { Refused } from './gate.js';
import type { RunsFolder } from './runsFolder.js';

/** How two runs differ. @throws Refused if there are not two names @throws RinError if a run is not there or damaged */
export async function compareRuns(runs: RunsFolder, names: readonly string[]): Promise<RunDifferences> {
  if (names.length !== 2) throw new Refused(400, 'expected two runs to compare');
  const found = await Promise.all(
    names.map(async (name) => {
      const path = await runs.run(name);
      return readRun(path).catch((error: unknown) => {
        throw error instanceof RinError && !error.message.includes(name)
          ? new RinError(`${name}: ${error.message}`)
          : error;
      });
    }),
  );
  const warning = comparability(found);
  return {
    runs: names,
    keys: differences(found).map(({ key, values }) => ({ key, values: values.map(shown) })),
    ...(warning !== undefined && { warning }),
  };
}

const shown = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);
