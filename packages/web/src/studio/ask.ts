import type { DrawEvent, DrawRequest, Refusal, RunDifferences, StopRequest } from './protocol.js';

/** Fetches from the studio. @throws Error with the sentence that it answers, or one that it does not answer */
async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, options).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw new Error('rin studio does not answer; is it still running?');
  });
  if (answer.ok) return answer;
  const { message } = (await answer.json().catch(() => ({ message: `status ${answer.status}` }))) as Refusal;
  throw new Error(message);
}

const post = (path: string, body: object, signal?: AbortSignal): Promise<Response> =>
  ask(path, {
    ...{ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
    ...(signal && { signal }),
  });

/** How two runs differ. */
export const differencesOf = async (runs: readonly [string, string]): Promise<RunDifferences> =>
  (await ask(`compare?${new URLSearchParams(runs.map((run) => ['run', run]))}`)).json() as Promise<RunDifferences>;

/** Stops a run, as Ctrl-C does. */
export async function stop(request: StopRequest): Promise<void> {
  await post('stop', request);
}

/** Draws. @param signal  if it is aborted, the drawing stops */
export async function* draw(request: DrawRequest, signal: AbortSignal): AsyncGenerator<DrawEvent, void, void> {
  const { body } = await post('draw', request, signal);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return;
    const lines = (text + part.value).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as DrawEvent;
  }
}

/** The address of a file of a run. */
export const fileAddress = (run: string, ...names: readonly string[]): string =>
  ['files', run, ...names].map(encodeURIComponent).join('/');
