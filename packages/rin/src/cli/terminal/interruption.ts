import { constants } from 'node:os';

/**
 * npm hands a Ctrl-C on that the terminal has sent to every process already: what comes within so many ms is the same one.
 */
const sameKey = 500;

/**
 * Ctrl-C (SIGINT) and SIGTERM while it lives: the first asks the work to end (`signal`), a second one ends the process.
 * The exit code of a program that a signal stopped is 128 + the signal's number, as shells have it. Output that nobody reads
 * any more (SIGPIPE) asks likewise, and is no error.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #exitCode = 0;
  #at = 0;

  /** @param onFirst is called at the first signal, to say what happens now */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#received);
    process.on('SIGTERM', this.#received);
    process.on('SIGPIPE', this.#unread);
  }

  readonly #received = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (!this.signal.aborted) {
      this.#at = now;
      this.#exitCode = 128 + constants.signals[name];
      this.#onFirst();
      this.#controller.abort();
    } else if (now - this.#at > sameKey) {
      if (process.stderr.isTTY) process.stderr.write('\n'); // leaves the line of progress
      process.exit(this.#exitCode);
    }
  };

  readonly #unread = (): void => this.#controller.abort();

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM; 0 where there was neither. */
  get exitCode(): number {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#received);
    process.off('SIGTERM', this.#received);
    process.off('SIGPIPE', this.#unread);
  }
}
