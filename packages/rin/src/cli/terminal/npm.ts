import { readFileSync } from 'node:fs';

/** How often it is looked whether npm is still there, in ms. */
const every = 1000;

const shells = ['sh', 'dash', 'bash', 'zsh', 'ksh'];

/**
 * Called by npm, the program ends when npm ends, as at SIGTERM: what is at work saves. npm passes some signals on, and only
 * to the shell that it has started.
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

/** The processes that called: npm, or a shell and npm. A process whose caller has ended gets another one. */
function callers(): string {
  const { ppid } = process;
  try {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${ppid}/stat`, 'utf8')) ?? [];
    return shells.includes(name) ? `${ppid} ${parent}` : String(ppid);
  } catch {
    return String(ppid); // it has just ended
  }
}
