import { countOf, RinError } from '@rin/core';
import type { PairOptions } from './checkSets.js';
import { coverageNeighbours, densityCoverage } from './densityCoverage.js';
import type { Detector } from './detectors/detector.js';
import { frechetDistance } from './frechet.js';
import type { Gathered } from './gather.js';
import { inceptionScore, splitsFor } from './inceptionScore.js';
import { kernelDistance } from './kernel.js';
import { momentsOf } from './moments.js';
import type { Statistics } from './npz.js';
import { precisionRecall, recallNeighbours } from './precisionRecall.js';

/** What can be measured, by the words of `--metrics`. */
export const metricNames = ['kernel', 'frechet', 'score', 'precision', 'recall', 'density', 'coverage'] as const;

/** One of `metricNames`: `kernel`, `frechet`, `score`, `precision`, `recall`, `density` or `coverage`. */
export type Metric = (typeof metricNames)[number];

/** One measured figure. */
export interface Figure {
  readonly metric: Metric;
  /** what it is called, with the detector where it is not the usual one: `KID-EffNetLite0` */
  readonly name: string;
  readonly value: number;
  /** kernel distance: its standard error. Score of several splits: their standard deviation */
  readonly spread?: number;
}

/** Samples from which on the Fréchet distance comes first. Below, its bias in the number of samples is large. */
const enoughForFrechet = 10_000;

/** Fewest samples of each set. */
const least: Readonly<Record<Metric, number>> = {
  kernel: 2,
  frechet: 2,
  score: 2,
  precision: recallNeighbours + 1,
  recall: recallNeighbours + 1,
  density: coverageNeighbours + 1,
  coverage: coverageNeighbours + 1,
};

/** Metrics that need only mean and covariance of the reference, or nothing of it. */
const fromMoments: readonly Metric[] = ['frechet', 'score'];

/** What is known of an evaluation before it begins. */
export interface Terms {
  /** samples to evaluate */
  readonly count: number;
  /** samples of the reference; absent = unknown */
  readonly referenceCount?: number;
  /** whether the features of the reference are known one by one, not only their mean and covariance */
  readonly hasFeatures: boolean;
}

/**
 * The metrics to measure, the most trustworthy for this number of samples first.
 * @param asked by name; absent = all that detector and reference allow
 * @throws RinError if one that was asked for is unknown or not possible, or if there are too few samples
 */
export function metricsFor(detector: Detector, terms: Terms, asked?: readonly string[]): Metric[] {
  const { count, referenceCount = Number.POSITIVE_INFINITY, hasFeatures } = terms;
  const wrong = asked?.find((name) => !metricNames.some((known) => known === name));
  if (wrong !== undefined) throw new RinError(`${wrong} is not a metric; expected some of ${metricNames.join(', ')}`);
  const whyNot = (metric: Metric): string | undefined => {
    if (metric === 'score' && detector.classes === 0) return `${detector.name} sees no classes`;
    if (!hasFeatures && !fromMoments.includes(metric)) return 'the reference has only mean and covariance';
    return undefined;
  };
  const isFew = Math.min(count, referenceCount) < enoughForFrechet;
  const order = isFew ? metricNames : (['frechet', 'kernel', ...metricNames.slice(2)] as const);
  const chosen = order.filter((metric) => (asked ? asked.includes(metric) : whyNot(metric) === undefined));
  if (chosen.length === 0) throw new RinError('no metric is named; leave the list out to measure all');
  for (const metric of chosen) {
    const why = whyNot(metric);
    if (why !== undefined) throw new RinError(`${metric} cannot be measured: ${why}; leave it out`);
    if (count < least[metric])
      throw new RinError(
        `${metric} needs at least ${least[metric]} samples, and there ${count === 1 ? 'is' : 'are'} ${count}; raise their number, or leave ${metric} out of the metrics`,
      );
    if (metric !== 'score' && referenceCount < least[metric])
      throw new RinError(
        `${metric} needs at least ${least[metric]} samples of the reference, which has ${countOf(referenceCount, 'sample')}; use more data, or leave ${metric} out of the metrics`,
      );
  }
  return chosen;
}

/** `EffNetLite0` of `FD-EffNetLite0`; empty for published names such as `FID`. */
const suffix = ({ figures }: Detector): string => /-.*/.exec(figures.frechet)?.[0] ?? '';

/** What a metric is called with a detector. */
export function figureName(metric: Metric, detector: Detector): string {
  if (metric === 'kernel' || metric === 'frechet') return detector.figures[metric];
  if (metric !== 'score') return metric;
  return detector.name === 'inception' ? `IS${suffix(detector)}` : `IS${suffix(detector) || `-${detector.name}`}`;
}

/**
 * Measures a set against a reference.
 * @throws RinError as the measures do
 * @throws the reason of `signal` if it is aborted
 */
export async function measure(
  metrics: readonly Metric[],
  { features, logits }: Gathered,
  reference: Statistics,
  detector: Detector,
  options: PairOptions,
): Promise<Figure[]> {
  const values = new Map<Metric, { value: number; spread?: number }>();
  const wants = (...some: Metric[]) => some.some((metric) => metrics.includes(metric));
  if (wants('frechet')) values.set('frechet', { value: frechetDistance(momentsOf(features), reference.moments) });
  if (wants('score') && logits) {
    const { value, deviation } = inceptionScore(logits);
    values.set('score', splitsFor(logits.count) > 1 ? { value, spread: deviation } : { value });
  }
  const others = reference.features;
  if (wants('kernel') && others) {
    const { value, standardError } = await kernelDistance(features, others, options);
    values.set('kernel', { value, ...(standardError !== null && { spread: standardError }) });
  }
  if (wants('precision', 'recall') && others)
    for (const [metric, value] of Object.entries(await precisionRecall(features, others, options)))
      values.set(metric as Metric, { value });
  if (wants('density', 'coverage') && others)
    for (const [metric, value] of Object.entries(await densityCoverage(features, others, options)))
      values.set(metric as Metric, { value });
  return metrics.flatMap((metric) => {
    const found = values.get(metric);
    return found ? { metric, name: figureName(metric, detector), ...found } : [];
  });
}
