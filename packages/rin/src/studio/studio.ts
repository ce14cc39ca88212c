import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import type { TrainingConfig } from '../config/training.js';
import { unreadable } from '../disk/systemError.js';
import { typeOf } from '../export/folderFiles.js';
import { closeNow, listenHere } from '../export/listen.js';
import { compareRuns } from './compareRuns.js';
import { drawAnswer } from './drawAnswer.js';
import { Drawing } from './drawing.js';
import { EventStream, messageOf } from './events.js';
import { headers, type Passed, pass, Refused } from './gate.js';
import { readBody, stopRequest } from './requests.js';
import { RunsFolder } from './runsFolder.js';
import { stopRun } from './stopRun.js';

/** Options of `openStudio`. */
export interface StudioOptions extends Partial<Pick<TrainingConfig, 'device' | 'threads'>> {
  /** 0 = any free one; of a port in use the next free one is taken. Default: 8090 */
  readonly port?: number;
}

/** A running studio. */
export interface Studio extends AsyncDisposable {
  /** the link, with its token */
  readonly url: string;
}

/** Files of the page, which `npm run build` makes. */
const pageFolder = join(dirname(fileURLToPath(import.meta.resolve('@rin/web'))), '../studio');
const pageFiles = ['index.html', 'style.css', 'studio.js', 'LICENSE.txt'];

/** Files of a run that the page shows. */
const shownFile = /^(reals|fakes-\d{6,}(\.\d{3})?k)\.(png|webp|wav)$/;
const shownSheet = /^\d+\.png$/;

/**
 * Shows the runs of a folder on a page for the browsers of this machine. It listens on the loopback address alone, and answers only
 * requests with the token of the link. Nothing outside the folder is read, and nothing is written.
 * @param folder  of the runs
 * @throws RinError if there is no such folder, or no port is free
 */
export async function openStudio(
  folder: string,
  { port = 8090, device = 'auto', threads = 0 }: StudioOptions = {},
): Promise<Studio> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new RinError(
      `${folder}: there is no such folder; train a run first, or name the folder of the runs with --runs`,
    );
  const token = randomBytes(24).toString('base64url');
  const drawing = new Drawing({ device, threads });
  const context = { runs: new RunsFolder(folder), drawing };
  let own = 0;
  const server = createServer((request, response) => {
    answer(context, request, response, () => pass(request, own, token)).catch((error) => refuse(response, error));
  });
  own = await listenHere(server, port);
  return {
    url: `http://127.0.0.1:${own}/${token}/`,
    async [Symbol.asyncDispose]() {
      await closeNow(server);
      await drawing[Symbol.asyncDispose]();
    },
  };
}

/** What answers come from. */
interface Context {
  readonly runs: RunsFolder;
  readonly drawing: Drawing;
}

async function answer(
  { runs, drawing }: Context,
  request: IncomingMessage,
  response: ServerResponse,
  check: () => Passed,
): Promise<void> {
  const { method, path, query } = check();
  const [what, ...rest] = path;
  const route = `${method} ${what ?? ''}`;
  if (path.length === 0) {
    // Addresses in the page are relative to the token.
    response.writeHead(308, { ...headers, Location: `${request.url}/` }).end();
  } else if (route === 'GET files') {
    await sendFile(response, await fileOf(runs, rest));
  } else if (rest.length > 0) {
    throw new Refused(404, 'not found');
  } else if (method === 'GET' && (what === '' || pageFiles.includes(what))) {
    await sendFile(response, join(pageFolder, what || 'index.html'));
  } else if (route === 'GET events') {
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' });
    new EventStream(runs, response, query.getAll('run').slice(0, 4));
  } else if (route === 'GET compare') {
    sendJson(response, await compareRuns(runs, query.getAll('run')));
  } else if (route === 'POST draw') {
    await drawAnswer(runs, drawing, await readBody(request), response);
  } else if (route === 'POST stop') {
    const { run } = stopRequest(await readBody(request));
    await stopRun(await runs.run(run), run);
    sendJson(response, {});
  } else throw new Refused(404, 'not found');
}

/** The path of a file that the page shows. @param parts  run and file, or run, `attention` and sheet */
async function fileOf(runs: RunsFolder, [run = '', ...names]: readonly string[]): Promise<string> {
  const isShown =
    names.length === 1 ? shownFile.test(names[0]) : names[0] === 'attention' && shownSheet.test(names[1] ?? '');
  if (!isShown || names.length > 2) throw new Refused(404, 'not found');
  const path = join(await runs.run(run), ...names);
  if (await runs.inside(path)) return path;
  throw new Refused(404, `${names.join('/')}: there is no such file in ${run}`);
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(error, path);
  });
  if (!found.isFile()) throw new Refused(404, 'not found');
  const type = typeOf(path);
  if (found.size < 1e6) {
    const bytes = await readFile(path); // at once, so that an error is still told
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': bytes.length }).end(bytes);
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': found.size });
  createReadStream(path)
    .on('error', () => response.destroy())
    .pipe(response);
}

function sendJson(response: ServerResponse, value: object, status = 200): void {
  response
    .writeHead(status, { ...headers, 'Content-Type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(value));
}

/** Tells why a request gets nothing. */
function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const status = error instanceof Refused ? error.status : error instanceof RinError ? 409 : 500;
  sendJson(response, { message: messageOf(error) }, status);
}
