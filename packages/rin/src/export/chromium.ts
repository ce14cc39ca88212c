import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import type { EngineName, SampleOptions } from '@rin/web';
import { sendFileOf } from './folderFiles.js';
import { closeNow, listenHere } from './listen.js';

/** What a browser drew. */
export interface DrawnInBrowser {
  /** bytes of all samples after each step */
  readonly steps: readonly Uint8Array[];
  /** of the self-check, relative */
  readonly difference: number;
}

/** Chromium or Chrome of this machine, by the variable CHROME or the search path; undefined if there is none. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return process.env.CHROME || names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** The script that draws in the browser. `npm run build` makes it. */
const script = join(dirname(fileURLToPath(import.meta.resolve('@rin/web'))), '../page/parity.js');

/** Without a graphics processor, Chromium computes WebGPU in software. */
const softwareGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/**
 * Draws by the files of a page in a headless Chromium of its own, with a new profile.
 * @param folder  what `exportWeb` wrote
 * @throws RinError if the browser does not start, or the page says why it cannot draw
 * @throws the reason of `signal` if it is aborted
 */
export async function drawInChromium(
  browser: string,
  folder: string,
  task: { readonly engine: EngineName; readonly options: SampleOptions },
  signal?: AbortSignal,
): Promise<DrawnInBrowser> {
  signal?.throwIfAborted();
  const profile = await mkdtemp(join(tmpdir(), 'rin-chromium-'));
  const steps: Uint8Array[] = [];
  const { promise, resolve, reject } = withResolvers<number>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/parity/task') return void response.end(JSON.stringify(task));
    if (request.url === '/parity.js')
      return void response.setHeader('Content-Type', 'text/javascript').end(await readFile(script));
    if (request.url === '/parity.html') {
      response.setHeader('Content-Type', 'text/html').end('<script type="module" src="parity.js"></script>');
      return;
    }
    if (request.method !== 'POST') return sendFileOf(folder, request, response);
    const body = await buffer(request);
    response.end();
    if (request.url === '/parity/step') steps.push(new Uint8Array(body));
    else if (request.url === '/parity/end') resolve((JSON.parse(body.toString()) as { difference: number }).difference);
    else reject(new RinError(`the page in ${browser} cannot draw: ${body.toString()}`));
  }
  const port = await listenHere(server, 0);
  const child = spawn(
    browser,
    [
      ...['--headless', `--user-data-dir=${profile}`, '--no-first-run', '--disable-extensions'],
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // its sandbox refuses root
      ...(task.engine === 'webgpu' ? softwareGpu : []),
      `http://127.0.0.1:${port}/parity.html`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', () => done());
  });
  child.once('error', () => reject(new RinError(`${browser} does not start`)));
  child.once('exit', () => reject(new RinError(`${browser} ended before it had drawn`)));
  const stop = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', stop);
  try {
    const difference = await promise;
    return { steps, difference };
  } finally {
    signal?.removeEventListener('abort', stop);
    child.kill();
    await ended;
    await closeNow(server);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
