import { constants } from 'node:os';
import { keepExitCode, outlivesTerminal } from './hangup.js';

/** The terminal sends Ctrl-C to every process, and npm passes it on again. Signals within this time in ms count as one. */
const sameKey = 500;

/**
 * While it lives, Ctrl-C (SIGINT), SIGTERM or a closed terminal (SIGHUP) asks the work to end: it aborts `signal`. A second
 * SIGINT or SIGTERM ends the process at once. A second SIGHUP does not, because shell and system each send one. If the program
 * was started to outlive its terminal, SIGHUP is ignored. Output without a reader (SIGPIPE) also asks the work to end, and is no
 * error. After a signal the exit code is 128 + the signal's number, as in shells.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #exitCode = 0;
  #at = 0;

  /** @param onFirst  is called at the first signal, to print what happens now */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#received);
    process.on('SIGTERM', this.#received);
    if (!outlivesTerminal) process.on('SIGHUP', this.#received);
    process.on('SIGPIPE', this.#unread);
  }

  readonly #received = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#at = now;
      this.#exitCode = 128 + constants.signals[name];
      keepExitCode();
      this.#onFirst();
      this.#controller.abort();
    } else if (name !== 'SIGHUP' && now - this.#at > sameKey) {
      if (process.stderr.isTTY) process.stderr.write('\n'); // ends the line of progress
      process.exit(this.#exitCode);
    }
  };

  readonly #unread = (): void => this.#controller.abort();

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP; 0 without a signal. */
  get exitCode(): number {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#received);
    process.off('SIGTERM', this.#received);
    // The second SIGHUP may come while the program ends, and would then be its exit code.
    if (!this.signal.aborted) process.off('SIGHUP', this.#received);
    process.off('SIGPIPE', this.#unread);
  }
}
