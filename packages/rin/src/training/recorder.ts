import type { RunDirectory } from '../runs/runDirectory.js';
import type { StatsLine } from '../runs/summary.js';
import type { Figures } from './evaluator.js';

/** A line of stats.jsonl with all its values. It depends only on configuration, data and seed. */
export interface Stats extends StatsLine {
  readonly updates: number;
  /** mean over the updates since the previous line, like `loss` */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** A line of stats.jsonl with the figures of new samples. It too depends only on configuration, data and seed. */
export interface EvaluationLine {
  readonly images: number;
  readonly figures: Figures;
  /** samples that were evaluated */
  readonly evaluated: number;
  /** SHA-256 of the detector */
  readonly detector: string;
}

/** A line of timing.jsonl. */
export interface Timing {
  readonly images: number;
  /** ISO 8601, UTC */
  readonly time: string;
  /** seconds of training since the start of the run */
  readonly seconds: number;
  readonly imagesPerSecond: number | null;
  /** resident memory of the process in bytes */
  readonly memory: number;
}

/** Writes stats.jsonl, timing.jsonl and log.txt of a run. */
export class Recorder {
  readonly #directory: RunDirectory;
  readonly #tell: (text: string) => void;

  /** @param tell also gets every sentence of the log */
  constructor(directory: RunDirectory, tell: (text: string) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  record({ stats, timing }: { stats: Stats; timing: Timing }): void {
    this.#directory.record('stats', stats);
    this.#directory.record('timing', timing);
  }

  /** Records the figures of an evaluation. */
  evaluated(line: EvaluationLine): void {
    this.#directory.record('stats', line);
  }

  /** Whether stats.jsonl has figures at this number of images, from before the run was resumed. */
  hasFigures(images: number): boolean {
    return this.#directory.statsAt(images).some((line) => 'figures' in line);
  }

  /** Flushes all lines to the disk. If a checkpoint follows, every line up to it survives a power loss. */
  async flush(): Promise<void> {
    await this.#directory.flush();
  }

  /** Logs a sentence and passes it on. */
  readonly say = (text: string): void => {
    this.#directory.log(text);
    this.#tell(text);
  };
}
