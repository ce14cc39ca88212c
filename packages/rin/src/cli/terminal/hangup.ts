import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Whether this program was started to outlive its terminal, as with `nohup`. Node resets an ignored SIGHUP before any of our
 * code runs, so this checks three signs.
 *
 * - A shell puts the name of the program that it calls into the variable `_`.
 * - `nohup` replaces a terminal as stdin with a /dev/null that cannot be read.
 * - The calling process ignores SIGHUP, such as a script under `nohup`.
 */
export const outlivesTerminal: boolean =
  basename(process.env._ ?? '') === 'nohup' || hasUnreadableInput() || ignoresHangup(process.ppid);

/**
 * Keeps the exit code of a program that a signal ends. When its work is done, Node takes itself down and gives signals back to the
 * system first. A second SIGHUP would then end the process, with another exit code. `process.exit` keeps the handlers.
 */
export function keepExitCode(): void {
  if (!process.listeners('beforeExit').includes(exit)) process.once('beforeExit', exit);
}

const exit = (): void => process.exit();

function hasUnreadableInput(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1] ?? '0';
    return readlinkSync('/proc/self/fd/0') === '/dev/null' && (Number.parseInt(flags, 8) & 3) === 1; // O_WRONLY
  } catch {
    return false; // stdin is closed, or there is no /proc
  }
}

function ignoresHangup(pid: number): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return (Number.parseInt(mask.slice(-1), 16) & 1) === 1; // SIGHUP is the first bit
  } catch {
    return false; // the caller has ended
  }
}
