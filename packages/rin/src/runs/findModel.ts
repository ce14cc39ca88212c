import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import { modelName, namedModel } from './namedModel.js';
import { namedRun } from './namedRun.js';
import { listRuns } from './runDirectory.js';

/** The trained model of the demo, which comes with rin. */
export const demoModel = fileURLToPath(new URL('../../../models/emoji-64.safetensors', import.meta.url));

/**
 * The model file to use.
 * @param named a model file, the folder of a run, or the name or number of a run in `runs` (`namedRun`); if absent, the newest
 *     run in `runs` with a model, or the demo model
 * @throws RinError if there is none
 */
export async function findModel(named?: string): Promise<string> {
  if (named !== undefined) return namedModel((await namedRun(named)) ?? named);
  const run = (await listRuns('runs')).find(({ path }) => existsSync(join(path, modelName)));
  if (run) return join(run.path, modelName);
  if (existsSync(demoModel)) return demoModel;
  throw new RinError(`there is no model in runs/; name a model, or train one first: rin train --data my-pictures`);
}
