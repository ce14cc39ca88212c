import type { Server } from 'node:http';
import { RinError } from '@rin/core';
import { systemCode } from '../disk/systemError.js';

/** Ports that are tried one after the other if the first is in use. */
const mostPorts = 20;

/**
 * Makes a server listen on the loopback address alone.
 * @param port  0 = any free one; of a port in use the next free one is taken
 * @returns the port
 * @throws RinError if no port is free, or the system refuses it
 */
export async function listenHere(server: Server, port: number): Promise<number> {
  for (let tried = 0; ; tried++) {
    try {
      await listen(server, port === 0 ? 0 : port + tried);
      const address = server.address();
      return typeof address === 'object' && address ? address.port : port;
    } catch (error) {
      const isTaken = systemCode(error) === 'EADDRINUSE';
      if (isTaken && tried + 1 < mostPorts && port + tried < 65535) continue;
      throw new RinError(
        `port ${port}: ${isTaken ? 'it and the next ones are in use' : 'the system refuses it'}; name another`,
      );
    }
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Ends a server with all its connections. */
export const closeNow = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
