import { readText } from '../../disk/wholeFiles.js';
import type { Evaluation } from '../../metrics/evaluation.js';
import { RunDirectory } from '../../runs/runDirectory.js';
import {
  type FiguresRead,
  type MachineRead,
  readMachines,
  type StatsRead,
  type TimingRead,
} from '../../runs/statistics.js';
import { type RunSummary, readWholeRun } from '../../runs/summary.js';
import { evaluationsOf } from './evaluations.js';

/** Everything that the page of a run says, except its pictures. */
export interface ReportFacts extends Omit<RunSummary, 'stats'> {
  readonly stats: readonly StatsRead[];
  readonly timing: readonly TimingRead[];
  readonly figures: readonly FiguresRead[];
  readonly evaluations: readonly Evaluation[];
  readonly machines: readonly MachineRead[];
  /** sentences of the log about changes of the configuration */
  readonly changes: readonly string[];
  /** what became infinite or NaN, if that ended the last stretch of the run */
  readonly diverged?: Divergence;
}

/** A value that is not finite, as the log tells it. */
export interface Divergence {
  /** `loss`, `gradient's norm` or `weights' norm` */
  readonly what: string;
  /** `NaN`, `Infinity` */
  readonly value: string;
  readonly images: number;
}

/** Reads the files of a run, except its weights and pictures. @throws RinError if it is not a run, or if it is damaged */
export async function reportFacts(path: string): Promise<ReportFacts> {
  const { summary, stats, timing } = await readWholeRun(path);
  const log = ((await readText(new RunDirectory(path).file('log.txt'))) ?? '')
    .split('\n')
    .map((line) => line.slice(line.indexOf(' ') + 1)); // without the time
  const diverged = divergence(log);
  const total = summary.config.training.images;
  const capped = <Line extends { readonly images: number }>(line: Line): Line => ({
    ...line,
    images: Math.min(line.images, total), // the last batch may go past the end
  });
  return {
    ...summary,
    stats: stats.losses.map(capped),
    timing: timing.map(capped),
    figures: stats.figures.map(capped),
    evaluations: await evaluationsOf(path),
    machines: await readMachines(path),
    changes: log.filter((line) => line.startsWith('changed at ')),
    ...(diverged && { diverged }),
  };
}

function divergence(log: readonly string[]): Divergence | undefined {
  const start = log.findLastIndex((line) => /: (resumes at|trains for) [\d,]+ /.test(line));
  for (const line of log.slice(start + 1)) {
    const found = /the (loss|gradient's norm|weights' norm) became (\S+) after (\d+) images/.exec(line);
    if (found) return { what: found[1], value: found[2], images: Number(found[3]) };
  }
  return undefined;
}
