import { printable, printableLine } from '@rin/core';
import { widthOf } from './width.js';

/** Interval of progress lines without a terminal, in ms. */
const plainEvery = 10_000;
/** Least time between two updates of the line on a terminal, in ms. */
const liveEvery = 100;

export interface ScreenOptions {
  readonly out?: NodeJS.WriteStream;
  readonly progress?: NodeJS.WriteStream;
  /** shows nothing; default false */
  readonly silent?: boolean;
}

/**
 * The output of a long command: lasting lines on stdout, and progress on stderr. On a terminal progress is one moving line;
 * elsewhere it is a plain line from time to time.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #progress: NodeJS.WriteStream;
  readonly #silent: boolean;
  /** whether progress is one moving line */
  readonly isLive: boolean;
  #shown = false;
  /** time of the last progress line */
  #last: number;

  constructor({ out = process.stdout, progress = process.stderr, silent = false }: ScreenOptions = {}) {
    this.#silent = silent;
    this.#out = out;
    this.#progress = progress;
    this.isLive = progress.isTTY === true && process.env.TERM !== 'dumb';
    this.#last = this.isLive ? Number.NEGATIVE_INFINITY : performance.now();
  }

  /** Prints lasting lines. Control characters, for example in file names, are escaped. */
  say(text: string): void {
    this.show(printable(text));
  }

  /** Prints lasting lines with their colours, for pictures. */
  show(text: string): void {
    if (this.#silent) return;
    this.clear();
    this.#out.write(`${text}\n`);
  }

  /** Shows progress. `text` is called only if it is time for another line. */
  status(text: () => string): void {
    const now = performance.now();
    if (this.#silent || now - this.#last < (this.isLive ? liveEvery : plainEvery)) return;
    this.#last = now;
    const line = printableLine(text());
    if (!this.isLive) this.#progress.write(`${line}\n`);
    else {
      // Cut to the width, because a wrapped line cannot be overwritten.
      this.#progress.write(`\r\x1b[K${line.slice(0, widthOf(this.#progress) - 1)}`);
      this.#shown = true;
    }
  }

  /** Removes the moving line. */
  clear(): void {
    if (this.#shown) this.#progress.write('\r\x1b[K');
    this.#shown = false;
    if (this.isLive) this.#last = Number.NEGATIVE_INFINITY;
  }
}

/** A bar for a share from 0 to 1. */
export function bar(share: number, width = 20): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
