import { Chart, type Curve, type Point } from './chart.js';
import type { LossLine, NewLines, SpeedLine } from './protocol.js';

/** The lines of a run so far. */
export class RunLines {
  readonly stats: LossLine[] = [];
  readonly timing: SpeedLine[] = [];

  /** Takes new lines, which replace those from their number on. */
  take({ stats, timing }: NewLines): void {
    replaceFrom(this.stats, stats);
    replaceFrom(this.timing, timing);
  }
}

/** Long runs have more lines than a call may have arguments. */
function replaceFrom<T>(known: T[], { from, lines }: { readonly from: number; readonly lines: readonly T[] }): void {
  known.length = Math.min(from, known.length);
  for (const line of lines) known.push(line);
}

/** A run whose curves are shown. */
export interface ShownRun {
  readonly name: string;
  readonly lines: RunLines;
}

/** What each chart shows of a run. */
const kinds = [
  {
    chart: new Chart('Loss', { isLoss: true }),
    curves: ({ stats }: RunLines) => [
      { what: 'in training', points: points(stats, ({ loss }) => loss) },
      { what: 'held out', points: points(stats, ({ validationLoss }) => validationLoss), isDashed: true },
    ],
  },
  {
    chart: new Chart('Learning rate', { isLoss: false }),
    curves: ({ stats }: RunLines) => [
      { what: 'learning rate', points: points(stats, ({ learningRate }) => learningRate) },
    ],
  },
  {
    chart: new Chart('Gradient norm', { isLoss: true }),
    curves: ({ stats }: RunLines) => [
      { what: 'gradient norm', points: points(stats, ({ gradientNorm }) => gradientNorm) },
    ],
  },
  {
    chart: new Chart('Images per second', { isLoss: false }),
    curves: ({ timing }: RunLines) => [
      { what: 'images/s', points: points(timing, ({ imagesPerSecond }) => imagesPerSecond) },
    ],
  },
];

const points = <Line extends { readonly images: number }>(
  lines: readonly Line[],
  of: (line: Line) => number | undefined,
): Point[] =>
  lines.flatMap((line) => {
    const value = of(line);
    return value === undefined || !Number.isFinite(value) ? [] : [{ images: line.images, value }];
  });

/** Shows the curves of one run, or of two over each other. @param list where the charts are @returns whether there are some */
export function showCurves(list: HTMLElement, runs: readonly ShownRun[]): boolean {
  if (list.childElementCount === 0) list.append(...kinds.map(({ chart }) => chart.figure));
  for (const { chart, curves } of kinds) {
    const shown: Curve[] = runs.flatMap(({ name, lines }, run) =>
      curves(lines).map(({ what, ...curve }) => ({ ...curve, run, name: runs.length > 1 ? `${name}, ${what}` : what })),
    );
    chart.show(shown);
  }
  return runs.some(({ lines: { stats, timing } }) => stats.length + timing.length > 0);
}
