import { RinError } from '@rin/core';
import { isLocked, lockHolder } from '../disk/lock.js';
import { systemCode } from '../disk/systemError.js';

/**
 * Asks the process that trains a run to save and end, as Ctrl-C does (SIGINT). The kernel tells which process holds the lock of
 * the run, so no other process can be meant.
 * @param path folder of the run
 * @throws RinError if no process of this machine trains it, or the process may not be stopped
 */
export async function stopRun(path: string, name: string): Promise<void> {
  if (!(await isLocked(path))) throw new RinError(`${name} is not being trained now, so there is nothing to stop`);
  const pid = await lockHolder(path);
  const elsewhere = `${name} is trained by a process of another user or container; stop it there with Ctrl-C`;
  if (pid === undefined) throw new RinError(elsewhere);
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if (systemCode(error) === 'EPERM') throw new RinError(elsewhere);
    if (systemCode(error) !== 'ESRCH') throw error; // it has just ended by itself
  }
}
