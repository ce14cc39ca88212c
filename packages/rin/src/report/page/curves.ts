import { count } from '@rin/core';
import type { Point } from '../lossCurves.js';
import { element, escaped } from '../svg.js';
import { curveChart, type NamedCurve } from './curveChart.js';
import { details, table } from './html.js';
import type { ReportFacts } from './reportFacts.js';
import { evenly, number } from './words.js';

/** Most rows of the table of numbers. */
const mostRows = 40;

/** The curves of a run: losses, learning rate, gradient norm and speed over images seen, and a table of the same numbers. */
export function curves({ stats, timing }: Pick<ReportFacts, 'stats' | 'timing'>): string {
  const points = (of: (line: ReportFacts['stats'][number]) => number | undefined): Point[] =>
    stats.flatMap((line) => point(line.images, of(line)));
  const training = named(
    'in training',
    points(({ loss }) => loss),
  );
  const heldOut = named(
    'on held-out data',
    points(({ validationLoss }) => validationLoss),
  );
  const rate = named(
    'learning rate',
    points(({ learningRate }) => learningRate),
  );
  const norm = named(
    'gradient norm',
    points(({ gradientNorm }) => gradientNorm),
  );
  const speed = named(
    'images per second',
    timing.flatMap(({ images, imagesPerSecond }) => point(images, imagesPerSecond ?? undefined)),
  );
  const last = Math.max(stats.at(-1)?.images ?? 0, timing.at(-1)?.images ?? 0);
  const charts = (
    [
      [[...training, ...heldOut], 'Loss', 'loss', true],
      [rate, 'Learning rate', 'learning rate', false],
      [norm, 'Gradient norm', 'mean norm of the gradients', true],
      [speed, 'Speed', 'images per second', false],
    ] as const
  ).flatMap(([shown, title, unit, isLoss]) =>
    shown.length > 0 ? [curveChart(shown, { title, unit, isLoss, last })] : [],
  );
  if (charts.length === 0)
    return element('p', {}, 'There is no line of statistics yet: the first comes after training.logEvery images.');
  return element('div', { class: 'charts' }, ...charts) + numbers(stats, timing);
}

const point = (images: number, value: number | undefined): Point[] =>
  value !== undefined && Number.isFinite(value) && images > 0 ? [{ images, value }] : [];

const named = (name: string, points: readonly Point[]): NamedCurve[] => (points.length > 0 ? [{ name, points }] : []);

/** The lines of statistics as a table: all of them, or some that are spread evenly. */
function numbers(stats: ReportFacts['stats'], timing: ReportFacts['timing']): string {
  const speeds = new Map(timing.map(({ images, imagesPerSecond }) => [images, imagesPerSecond]));
  const lines = evenly(stats, mostRows);
  const cell = (value: number | null | undefined): string => (typeof value === 'number' ? number(value) : '–');
  const rows = lines.map(({ images, loss, validationLoss, gradientNorm, learningRate }) => [
    count(images),
    ...[loss, validationLoss, gradientNorm, learningRate, speeds.get(images)].map(cell),
  ]);
  const title =
    lines.length < stats.length
      ? `Numbers: ${lines.length} of ${count(stats.length)} lines`
      : 'The numbers of all lines';
  const head = ['images', 'loss', 'held-out loss', 'gradient norm', 'learning rate', 'images/s'];
  return details(
    escaped(title),
    table(
      head,
      rows.map((row) => row.map(escaped)),
      'numeric',
    ),
  );
}
