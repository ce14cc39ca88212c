import type { RunDirectory } from '../runs/runDirectory.js';
import type { StatsLine } from '../runs/summary.js';

/** A whole line of stats.jsonl: a function of configuration, data and seed alone. */
export interface Stats extends StatsLine {
  readonly updates: number;
  /** mean over the updates since the line before, as the loss is */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** A line of timing.jsonl. */
export interface Timing {
  readonly images: number;
  readonly time: string;
  /** seconds of training since the start of the run */
  readonly seconds: number;
  readonly imagesPerSecond: number | null;
  /** bytes of the process */
  readonly memory: number;
}

/** Writes down what a run finds and says: stats.jsonl, timing.jsonl and log.txt. */
export class Recorder {
  readonly #directory: RunDirectory;
  readonly #tell: (text: string) => void;

  /** @param tell is given every sentence of the log, too */
  constructor(directory: RunDirectory, tell: (text: string) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  record({ stats, timing }: { stats: Stats; timing: Timing }): void {
    this.#directory.record('stats', stats);
    this.#directory.record('timing', timing);
  }

  /** Brings all lines to the disk: a checkpoint that follows finds every line up to it, even after a power loss. */
  async flush(): Promise<void> {
    await this.#directory.flush();
  }

  readonly say = (text: string): void => {
    this.#directory.log(text);
    this.#tell(text);
  };
}
