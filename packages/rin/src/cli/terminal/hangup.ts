import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Whether this program was started to outlive its terminal, as `nohup` does it. Node takes an ignored SIGHUP for one that
 * ends the program, before any of our code runs, so what is left to see are traces:
 * - a shell names the program that it calls in the variable `_`;
 * - `nohup` replaces a terminal as stdin by a /dev/null that cannot be read;
 * - a caller that ignores SIGHUP, such as a script under `nohup`, hands that down.
 */
export const outlivesTerminal: boolean =
  basename(process.env._ ?? '') === 'nohup' || hasUnreadableInput() || ignoresHangup(process.ppid);

function hasUnreadableInput(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1] ?? '0';
    return readlinkSync('/proc/self/fd/0') === '/dev/null' && (Number.parseInt(flags, 8) & 3) === 1; // O_WRONLY
  } catch {
    return false; // stdin is closed, or the system does not tell
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
