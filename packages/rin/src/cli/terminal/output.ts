import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { whyNot } from '../../disk/systemError.js';
import { outlivesTerminal } from './hangup.js';

/** The streams that cannot be written to any more. */
const lost = new Set<NodeJS.WriteStream>();

/**
 * Protects running work if output cannot be written:
 * - If nobody reads the output (EPIPE), as with `| head`, the work is saved and ends. If the program outlives its terminal, the
 *   work continues.
 * - If the terminal is closed (EIO) or the disk of a log is full (ENOSPC), the work continues without output.
 * If no work is running, the program ends.
 */
export function guardOutput(): void {
  closeDeadTerminals();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' && !outlivesTerminal) {
        if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(0);
      } else if (!lost.has(stream)) {
        lost.add(stream);
        tellLoss(stream, error);
        if (process.listenerCount('SIGPIPE') === 0) process.exit(1);
      }
    });
  }
}

/** At its end Node resets the terminal, and aborts if that fails. It does not reset closed descriptors. */
function closeDeadTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

function tellLoss(stream: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
  if (stream !== process.stdout || lost.has(process.stderr)) return;
  process.stderr.write(`stdout: ${whyNot(error) ?? error.message}; all further output to it is lost\n`);
}
