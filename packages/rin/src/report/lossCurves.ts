import type { RunSummary } from '../runs/summary.js';

/** A run, as far as a chart of its loss needs it. */
export type ChartRun = Pick<RunSummary, 'name' | 'state' | 'config' | 'stats'>;

/** A point of a curve. */
export interface Point {
  /** images seen, above 0 */
  readonly images: number;
  /** such as the loss */
  readonly value: number;
}

/** The loss of a run over images seen, in training or on held-out data. */
export interface Curve {
  /** index of the run */
  readonly run: number;
  readonly isHeldOut: boolean;
  /** in the order of images; at least one */
  readonly points: readonly Point[];
}

/** The curves of runs: for each run the loss in training, then the loss on held-out data, as far as they have lines. */
export function lossCurves(runs: readonly ChartRun[]): Curve[] {
  return runs.flatMap(({ stats }, run) => {
    const series = [false, true].map((isHeldOut) => {
      const points = stats.flatMap(({ images, loss, validationLoss }) => {
        const value = isHeldOut ? validationLoss : loss;
        return value !== undefined && Number.isFinite(value) && images > 0 ? [{ images, value }] : [];
      });
      return { run, isHeldOut, points };
    });
    return series.filter(({ points }) => points.length > 0);
  });
}

/**
 * Averages points that are close to each other on the axis, because single lines are noisy.
 * @param position of a number of images on the axis, from 0 to 1
 * @param parts    number of equal parts of the axis, and so the most points of the result.
 *     They are counted from the last point on, so that the end is the mean of a whole part
 * @returns one point for each part that has points: their mean, at the images of the last one
 */
export function smoothed(points: readonly Point[], position: (images: number) => number, parts: number): Point[] {
  const means: Point[] = [];
  const end = position(points[points.length - 1].images);
  let [open, members] = [-1, 0];
  for (const { images, value } of points) {
    const part = Math.floor((end - position(images)) * parts);
    const last = means.at(-1);
    if (last === undefined || part !== open) {
      means.push({ images, value });
      [open, members] = [part, 1];
    } else {
      members++;
      means[means.length - 1] = { images, value: last.value + (value - last.value) / members };
    }
  }
  return means;
}
