import { printable, printableLine } from '@rin/core';

/** Without a terminal, progress is a line every so many ms. */
const plainEvery = 10_000;
/** On a terminal the line is drawn anew at most every so many ms. */
const liveEvery = 100;

export interface ScreenOptions {
  readonly out?: NodeJS.WriteStream;
  readonly progress?: NodeJS.WriteStream;
}

/**
 * What a long command shows: sentences on stdout, and on stderr how far it is, in one line that moves on a terminal and
 * in a plain line now and then elsewhere.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #progress: NodeJS.WriteStream;
  /** whether progress is one moving line */
  readonly isLive: boolean;
  #shown = false;
  /** when progress was shown last */
  #last: number;

  constructor({ out = process.stdout, progress = process.stderr }: ScreenOptions = {}) {
    this.#out = out;
    this.#progress = progress;
    this.isLive = progress.isTTY === true && process.env.TERM !== 'dumb';
    this.#last = this.isLive ? Number.NEGATIVE_INFINITY : performance.now();
  }

  /** Prints lines that stay. Control characters, as in the name of a file, are escaped. */
  say(text: string): void {
    this.show(printable(text));
  }

  /** Prints lines that stay, with the colours that are in them: pictures. */
  show(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  /** Shows how far the work is. The text is made only when it is time to show it. */
  status(text: () => string): void {
    const now = performance.now();
    if (now - this.#last < (this.isLive ? liveEvery : plainEvery)) return;
    this.#last = now;
    const line = printableLine(text());
    if (!this.isLive) this.#progress.write(`${line}\n`);
    else {
      // Cut to the width: a line that wraps could not be drawn over.
      this.#progress.write(`\r\x1b[K${line.slice(0, Math.max(20, this.#progress.columns - 1))}`);
      this.#shown = true;
    }
  }

  /** Takes the moving line away. */
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
