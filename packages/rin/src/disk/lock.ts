import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { systemCode } from './systemError.js';

/** Attempts to get a lock, and ms between them: the lock of a process that was just killed may take a moment to go. */
const [attempts, pause] = [10, 100];

/**
 * Keeps a second process of this machine out of a run until disposed. The lock is a name in the kernel (an abstract
 * socket), not a file: it goes with the process, however that ends.
 * @throws {RinError} if another process trains the run
 */
export async function lockRun(path: string): Promise<Disposable> {
  const name = lockName(path);
  for (let attempt = 1; ; attempt++) {
    const server = createServer((visitor) => visitor.destroy()).unref();
    try {
      server.listen({ path: name });
      await once(server, 'listening');
      return { [Symbol.dispose]: () => server.close() };
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE') throw error;
      if (attempt < attempts) await setTimeout(pause);
      else
        throw new RinError(
          `${path} is being trained by another process; wait for its end, or start another run (--new)`,
        );
    }
  }
}

/** Whether a process of this machine is training a run. */
export async function isLocked(path: string): Promise<boolean> {
  const visitor = connect({ path: lockName(path) });
  try {
    await once(visitor, 'connect');
    return true;
  } catch (error) {
    if (systemCode(error) === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    visitor.destroy();
  }
}

/** A name for the folder itself, whatever links lead to it. */
const lockName = (path: string): string => `\0rin-run-${createHash('sha256').update(realpathSync(path)).digest('hex')}`;
