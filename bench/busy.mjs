// Processes that keep a core busy, next to which something is measured.
import { spawn } from 'node:child_process';

/** Runs something next to `count` processes that each keep a core busy. @template T @param {number} count @param {() => Promise<T>} run */
export async function beside(count, run) {
  const busy = Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  const end = () => {
    for (const child of busy) child.kill('SIGKILL');
  };
  process.on('exit', end); // Ctrl-C too
  try {
    return await run();
  } finally {
    end();
    process.off('exit', end);
  }
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(1));
