import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { RinError } from '@rin/core';
import type { DrawEvent } from '@rin/web/studio';
import { modelName } from '../runs/namedModel.js';
import type { Drawing } from './drawing.js';
import type { Weights } from './drawingMessages.js';
import { headers } from './gate.js';
import { drawRequest } from './requests.js';
import { modelsIn } from './runDetails.js';
import type { RunsFolder } from './runsFolder.js';

/**
 * Draws, and answers with a line of JSON for each event. If the page closes the connection, the drawing stops.
 * @throws Refused or RinError before the first line, if the request is wrong or the run has no such model
 */
export async function drawAnswer(
  runs: RunsFolder,
  drawing: Drawing,
  body: unknown,
  response: ServerResponse,
): Promise<void> {
  const { run, model, ...request } = drawRequest(body);
  const weights = await weightsOf(runs, run, model);
  const closed = new AbortController();
  response.on('close', () => closed.abort());
  response.writeHead(200, { ...headers, 'Content-Type': 'application/x-ndjson; charset=utf-8' });
  const tell = async (event: DrawEvent): Promise<void> => {
    if (closed.signal.aborted || response.write(`${JSON.stringify(event)}\n`)) return;
    await once(response, 'drain', { signal: closed.signal }).catch(() => {}); // closed meanwhile
  };
  await drawing.draw(weights, request, tell, closed.signal);
  response.end();
}

/** The files of the weights that the page names. @throws RinError if the run has no such weights, or a link leads out */
async function weightsOf(runs: RunsFolder, run: string, model: string): Promise<Weights> {
  const path = await runs.run(run);
  const isThere = (await modelsIn(runs, path)).some(({ id }) => id === model);
  const [name, part] = model.split('/');
  const file = join(path, part === undefined ? name : modelName);
  const files =
    part === undefined ? [file] : [file, join(path, name, 'checkpoint.json'), join(path, name, `${part}.safetensors`)];
  for (const each of files)
    if (!isThere || !(await runs.inside(each)))
      throw new RinError(`${model}: there are no such weights in ${run} now; choose others`);
  return part === undefined ? { file } : { file, checkpoint: { run: path, name, part } };
}
