import { readFileSync } from 'node:fs';

/** Interval of the checks whether npm still runs, in ms. */
const every = 1000;

const shells = ['sh', 'dash', 'bash', 'zsh', 'ksh'];

/**
 * Ends the program when npm ends, if npm started it. It acts like SIGTERM, so running work is saved. npm itself passes on only
 * some signals, and only to the shell that it started.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const before = callers();
  const timer = setInterval(() => {
    if (callers() === before) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, every);
  timer.unref();
}

/** The process ids of the callers: npm, or a shell and npm. When a parent ends, the system assigns another one. */
function callers(): string {
  const { ppid } = process;
  try {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${ppid}/stat`, 'utf8')) ?? [];
    return shells.includes(name) ? `${ppid} ${parent}` : String(ppid);
  } catch {
    return String(ppid); // it has just ended
  }
}
