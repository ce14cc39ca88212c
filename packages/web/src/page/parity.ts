import { load } from '../load.js';
import type { EngineName } from '../manifest.js';
import type { SampleOptions } from '../options.js';

/** What the check of `rin export --check` asks a browser to draw. */
export interface ParityTask {
  readonly engine: EngineName;
  readonly options: SampleOptions;
}

const send = (what: string, body: BodyInit): Promise<Response> => fetch(`parity/${what}`, { method: 'POST', body });

/** Draws what the server asks for, and sends it the bytes of each step, then the result of the self-check. */
async function work(): Promise<void> {
  const { engine, options } = (await (await fetch('parity/task')).json()) as ParityTask;
  const model = await load('./', { engines: [engine] });
  for await (const { pictures } of model.sample(options)) {
    const bytes = pictures.flatMap(({ data }) => Array.from(data));
    await send('step', Uint8Array.from(bytes));
  }
  await send('end', JSON.stringify({ difference: model.engine.difference }));
}

work().catch((error: unknown) => send('failed', error instanceof Error ? error.message : String(error)));
