import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { whyNot } from '../../disk/systemError.js';
import { outlivesTerminal } from './hangup.js';

/** What is told of a stream that cannot be written to. */
const lost = new Set<NodeJS.WriteStream>();

/**
 * Sees to it that output which cannot be written harms no work:
 * - Nobody reads it any more (EPIPE), as behind `| head`: what is at work saves and ends. If the program outlives its terminal,
 *   the work goes on.
 * - The terminal is gone (EIO), or the disk of a log is full (ENOSPC): the work goes on without output.
 * If nothing is at work that could be lost, the program ends.
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

/** Node sets the terminal back when it ends, and aborts if that fails. It leaves closed ones alone. */
function closeDeadTerminals(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

function tellLoss(stream: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
  if (stream !== process.stdout || lost.has(process.stderr)) return;
  process.stderr.write(`stdout: ${whyNot(error) ?? error.message}; what rin says there is lost from here on\n`);
}
