import { flushLines } from '../disk/wholeFiles.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import type { Stats, Timing } from '../runs/statistics.js';
import type { Figures } from './evaluator.js';
import type { EventFile } from './tensorboard/eventFile.js';

/** A line of stats.jsonl with the figures of new samples. It too depends only on configuration, data and seed. */
export interface EvaluationLine {
  readonly images: number;
  readonly figures: Figures;
  /** samples that were evaluated */
  readonly evaluated: number;
  /** SHA-256 of the detector */
  readonly detector: string;
}

/** Writes stats.jsonl, timing.jsonl and log.txt of a run, and the event file of TensorBoard. */
export class Recorder {
  readonly #directory: RunDirectory;
  readonly #tell: (text: string) => void;
  /** set when the run starts, if its configuration asks for it */
  board?: EventFile;

  /** @param tell also gets every sentence of the log */
  constructor(directory: RunDirectory, tell: (text: string) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  record({ stats, timing }: { stats: Stats; timing: Timing }): void {
    this.#directory.record('stats', stats);
    this.#directory.record('timing', timing);
    this.board?.record(stats, timing);
  }

  /** Records the figures of an evaluation. */
  evaluated(line: EvaluationLine): void {
    this.#directory.record('stats', line);
    this.board?.figures(line.images, line.figures);
  }

  /** Whether stats.jsonl has figures at this number of images, from before the run was resumed. */
  hasFigures(images: number): boolean {
    return this.#directory.statsAt(images).some((line) => 'figures' in line);
  }

  /** Flushes all lines to the disk. If a checkpoint follows, every line up to it survives a power loss. */
  async flush(): Promise<void> {
    if (this.board) await flushLines(this.board.path);
    await this.#directory.flush();
  }

  /** Logs a sentence and passes it on. */
  readonly say = (text: string): void => {
    this.#directory.log(text);
    this.#tell(text);
  };
}
