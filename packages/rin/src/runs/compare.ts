import { flatten } from '../config/flatten.js';
import { unitGroups } from './lossUnit.js';
import { isSameSetting } from './sameSetting.js';
import type { StatsLine } from './statistics.js';
import type { RunSummary } from './summary.js';

/** A key in which runs differ. */
export interface Difference {
  readonly key: string;
  /** for each run; undefined if the key is not set */
  readonly values: readonly unknown[];
}

/** Losses of several runs over the same images. */
export interface LossRow {
  /** images seen at the end of the row */
  readonly images: number;
  /** for each run, the mean since the previous row; null if the run has no line there */
  readonly loss: readonly (number | null)[];
  readonly validationLoss: readonly (number | null)[];
}

/** Most rows. */
const mostRows = 12;

/** Keys in which the configurations of runs differ, in their order, and `data` if the contents of their data differ. */
export function differences(runs: readonly RunSummary[]): Difference[] {
  const configs = runs.map(({ config }) => flatten(config));
  const keys = new Set(configs.flatMap((config) => [...config.keys()]));
  const found = [...keys]
    .filter((key) => runs.some(({ config }) => !isSameSetting(key, config, runs[0].config)))
    .map((key) => ({ key, values: configs.map((config) => config.get(key)) }));
  const contents = runs.map(({ data }) => `${data.name} ${data.fingerprint.slice(0, 8)}`);
  return new Set(contents).size > 1 ? [...found, { key: 'data', values: contents }] : found;
}

/** Why the losses of runs cannot be compared, in a sentence; undefined if they can. @param runs at least one */
export function comparability(runs: readonly Pick<RunSummary, 'config' | 'data'>[]): string | undefined {
  const keys = new Set(
    unitGroups(runs.map(({ config }) => config)).flatMap(({ differs }) => differs.map(({ key }) => key)),
  );
  const isOtherData = runs.some(({ data }) => data.fingerprint !== runs[0].data.fingerprint);
  const why = [
    ...(keys.size > 0
      ? [`${[...keys].join(', ')} ${keys.size > 1 ? 'differ' : 'differs'}, which changes what a loss measures`]
      : []),
    ...(isOtherData ? ['the data differ'] : []),
  ];
  return why.length > 0 ? `The losses are not comparable from run to run: ${why.join('; ')}.` : undefined;
}

/**
 * The losses of runs side by side at equal images seen, in at most 12 rows. Each value is the mean since the previous row, or
 * null if the run has no line there. Rows are 1, 2 or 5 times a power of ten images apart, and no closer than the lines of any
 * run.
 */
export function lossRows(runs: readonly Pick<RunSummary, 'stats'>[]): LossRow[] {
  const lines = runs.map(({ stats }) => stats);
  const last = Math.max(0, ...lines.map((stats) => stats.at(-1)?.images ?? 0));
  const sparsest = Math.max(0, ...lines.map(interval));
  const step = roundStep(Math.max(1, sparsest, last / mostRows));
  return Array.from({ length: Math.ceil(last / step) }, (_, i) => {
    const [from, images] = [i * step, Math.min((i + 1) * step, last)];
    const within = lines.map((stats) => stats.filter((line) => line.images > from && line.images <= images));
    const over = (value: (line: StatsLine) => number | undefined) =>
      within.map((stats) => mean(stats.flatMap((line) => value(line) ?? [])));
    return { images, loss: over(({ loss }) => loss), validationLoss: over(({ validationLoss }) => validationLoss) };
  });
}

/** Most images from one line to the next. */
const interval = (stats: readonly StatsLine[]): number =>
  stats.reduce((most, { images }, i) => Math.max(most, images - (stats[i - 1]?.images ?? 0)), 0);

/** The smallest of 1, 2, 5, 10, 20, … that is at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((digit) => digit * power >= least) ?? 10);
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
