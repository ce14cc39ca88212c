import { realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import { RinError } from '@rin/core';
import { sendFileOf } from './folderFiles.js';
import { closeNow, listenHere } from './listen.js';

/** A server of a folder. */
export interface Serving extends AsyncDisposable {
  /** address of the page */
  readonly url: string;
}

/**
 * Shows a folder of static files to the browsers of this machine. It listens on the loopback address alone, answers only
 * requests that name it, and gives no file outside the folder.
 * @param port  0 = any free one; of a port in use the next free one is taken
 * @throws RinError if there is no folder, or no port is free
 */
export async function serve(folder: string, { port = 8080 }: { port?: number } = {}): Promise<Serving> {
  await realpath(folder).catch(() => {
    throw new RinError(`${folder}: there is no such folder`);
  });
  const server = createServer((request, response) => {
    sendFileOf(folder, request, response).catch(() => response.destroy());
  });
  const url = `http://127.0.0.1:${await listenHere(server, port)}/`;
  return {
    url,
    [Symbol.asyncDispose]: () => closeNow(server),
  };
}
