import { UsageError } from '@rin/core';
import { type Metric, metricNames } from '../../metrics/figures.js';
import type { PartName } from '../../metrics/parts.js';
import type { Given } from '../terminal/command.js';
import { parseSeeds } from './seeds.js';

/** Which part of the training data is the reference. */
const splits: readonly PartName[] = ['training', 'held-out', 'all'];

/** What `rin evaluate` was asked for, checked as far as possible before anything is opened. */
export interface EvaluateRequest {
  readonly count?: number;
  readonly seeds?: readonly number[];
  readonly metrics?: readonly Metric[];
  /** absent = the part that the run trained on */
  readonly part?: PartName;
  readonly referenceCount?: number;
  readonly batch?: number;
  /** names of averages, or `weights` */
  readonly averages: readonly string[];
  /** `all`, or labels such as `30k`; absent = the model of the run */
  readonly checkpoints?: 'all' | readonly string[];
  readonly detectorSize?: number;
}

/** @throws UsageError if a flag has a wrong value, or two flags say the same */
export function evaluateRequest(given: Given): EvaluateRequest {
  const [seeds, count] = [given.text('--seeds'), given.wholeNumber('--count', 2)];
  if (seeds !== undefined && count !== undefined)
    throw new UsageError('--seeds and --count both say what to draw; name one of them');
  if (given.has('--data') && given.has('--reference'))
    throw new UsageError('--data and --reference both say what to compare with; name one of them');
  if (given.has('--part') && given.has('--reference'))
    throw new UsageError('--part: a file of statistics has no parts; leave --part or --reference out');
  const checkpoints = listed(given, '--checkpoints');
  const detectorSize = given.wholeNumber('--detector-size', 1);
  const batch = given.wholeNumber('--batch', 1);
  const referenceCount = given.wholeNumber('--reference-count', 2);
  return {
    ...(count !== undefined && { count }),
    ...(seeds !== undefined && { seeds: parseSeeds(seeds) }),
    ...(given.has('--metrics') && { metrics: listed(given, '--metrics')?.map(metricOf) }),
    ...(given.has('--part') && { part: partOf(given.text('--part') ?? '') }),
    ...(referenceCount !== undefined && { referenceCount }),
    ...(batch !== undefined && { batch }),
    averages: listed(given, '--averages') ?? ['average'],
    ...(checkpoints && { checkpoints: checkpoints.join() === 'all' ? 'all' : checkpoints }),
    ...(detectorSize !== undefined && { detectorSize }),
  };
}

const listed = (given: Given, flag: string): string[] | undefined =>
  given
    .text(flag)
    ?.split(',')
    .map((word) => word.trim());

function metricOf(word: string): Metric {
  const found = metricNames.find((name) => name === word);
  if (found) return found;
  throw new UsageError(`--metrics ${word}: expected some of ${metricNames.join(', ')}, separated by commas`);
}

function partOf(word: string): PartName {
  const found = splits.find((name) => name === word);
  if (found) return found;
  throw new UsageError(`--part ${word}: expected ${splits.join(', ')}`);
}
